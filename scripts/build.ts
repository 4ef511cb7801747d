import { relative } from 'node:path';
import { bundleApp } from '../dev/bundle.ts';

const { path, bytes } = await bundleApp(undefined, { sourceMap: true });
console.log(`${relative(process.cwd(), path)} ${Math.round(bytes / 1024)} KiB`);
