import { bundleApp } from '../../dev/bundle.ts';
import { runScript } from '../lib/run-script.ts';

await runScript(async () => {
  const { bytes } = await bundleApp();
  console.log(`Bundle: ${Math.round(bytes / 1024)} KiB`);
});
