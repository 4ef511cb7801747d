import { relative } from 'node:path';
import { bundleApp, bundlePath } from './lib/bundle.ts';

const { bytes } = await bundleApp();
console.log(`${relative(process.cwd(), bundlePath)} ${Math.round(bytes / 1024)} KiB`);
