// Bundles the browser part into engine/web/static/dist and writes the manifest that templates look names up in.
// Every file there carries a hash of its content, so that it may be cached for ever and a new release is seen at once.
import * as esbuild from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../../..');
const place = path.resolve(here, '../static/dist');
const dist = `${place}.new`; // built beside and put in place at the end: pages never meet half a build

// One entry per page kind; shared code goes into chunks.
const entries = ['app.js', 'app.css', 'diagram.js', 'replay.js', 'reports.js', 'board.js', 'heat.js', 'designer/modeler.js'];

async function sprite() {
  const names = (await readFile(path.join(here, 'icons.txt'), 'utf8')).split(/\s+/).filter(Boolean);
  const symbols = await Promise.all(names.map(async (name) => {
    const file = path.join(root, 'node_modules/@tabler/icons/icons/outline', `${name}.svg`);
    const drawing = (await readFile(file, 'utf8'))
      .replace(/<svg[^>]*>|<\/svg>|<!--[\s\S]*?-->|<path stroke="none"[^>]*>/g, '').replace(/\s+/g, ' ').trim();
    return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" `
      + `stroke-linecap="round" stroke-linejoin="round">${drawing}</symbol>`;
  }));
  const content = `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join('')}</svg>\n`;
  const name = `icons-${createHash('sha256').update(content).digest('hex').slice(0, 8).toUpperCase()}.svg`;
  await writeFile(path.join(dist, name), content);
  return name;
}

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
const result = await esbuild.build({
  absWorkingDir: root,
  entryPoints: entries.map((name) => path.join(here, name)),
  bundle: true, minify: true, splitting: true, metafile: true, format: 'esm', target: 'es2022', outdir: dist,
  entryNames: '[name]-[hash]', chunkNames: 'chunk-[hash]', assetNames: '[name]-[hash]',
  loader: { '.woff2': 'file', '.woff': 'file', '.ttf': 'file', '.eot': 'file', '.svg': 'file' },
  legalComments: 'linked', logLevel: 'warning',
});

const manifest = { 'icons.svg': await sprite() };
for (const [file, output] of Object.entries(result.metafile.outputs)) {
  if (!output.entryPoint) continue;
  const source = path.basename(output.entryPoint);
  manifest[source] = path.basename(file);
  if (output.cssBundle && source.endsWith('.js')) manifest[source.replace('.js', '.css')] = path.basename(output.cssBundle);
}
await writeFile(path.join(dist, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
await rm(place, { recursive: true, force: true });
await rename(dist, place);
console.log(`${Object.keys(result.metafile.outputs).length} files in ${path.relative(root, place)}`);
