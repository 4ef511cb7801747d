import { dirname, relative } from 'node:path';
import { bundleApp } from '../dev/bundle.ts';

const { path, bytes } = await bundleApp(undefined, { sourceMap: true });
console.log(`${relative(process.cwd(), dirname(path))}: ${Math.round(bytes / 1024)} KiB of code`);
