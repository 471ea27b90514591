// Builds the two files that Usher serves. They are committed: building Usher needs no Node.
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
export const OUTPUT = here('../../crates/usher/assets/client/');

const FORMATS = {
  'usher.js': { format: 'iife', globalName: 'usher' },
  'usher.mjs': { format: 'esm' },
};

/** File name → content. */
export async function built() {
  const files = {};
  for (const [name, format] of Object.entries(FORMATS)) {
    const { outputFiles } = await build({
      entryPoints: [here('src/index.ts')],
      bundle: true,
      minify: true,
      write: false,
      charset: 'utf8',
      target: 'es2020', // Zoom's newest SDK asks for more
      ...format,
    });
    files[name] = outputFiles[0].text;
  }
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await mkdir(OUTPUT, { recursive: true });
  for (const [name, content] of Object.entries(await built())) await writeFile(OUTPUT + name, content);
}
