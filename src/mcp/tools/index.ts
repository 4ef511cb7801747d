import { add } from './add.ts';
import { calculateSum } from './calculate-sum.ts';
import { deleteUserNote } from './delete-user-note.ts';
import { echo } from './echo.ts';
import { getServerInfo } from './get-server-info.ts';
import { getUserNotes } from './get-user-notes.ts';
import { getUserProfile } from './get-user-profile.ts';
import { saveUserNote } from './save-user-note.ts';

/** Every tool, in the order in which clients list them. Add yours here. */
export const tools = [
  echo,
  add,
  calculateSum,
  getServerInfo,
  getUserProfile,
  saveUserNote,
  getUserNotes,
  deleteUserNote,
] as const;
