// The customer's site: a page per SDK version and view, with the SDK as npm delivered it.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import express from 'express';
import { SDKS } from './sdks.mjs';

const here = (path) => new URL(path, import.meta.url).pathname;

function page(sdk, view) {
  const scripts = [...sdk.scripts[view], '/page.js'].map((source) => `<script src="${source}"></script>`);
  return `<!doctype html>
<meta charset="utf-8">
<title>Web SDK ${sdk.version}, ${view}</title>
<body data-view="${view}" data-assets="${sdk.assets}">
<div id="zmmtg-root"></div><div id="aria-notify-area"></div><div id="root"></div>
${scripts.join('\n')}
`;
}

/** Serves it on a port of loopback that is free. */
export async function startSite() {
  const app = express();
  app.use('/node_modules', express.static(here('../node_modules')));
  app.get('/page.js', (_, answer) => answer.type('js').send(readFileSync(here('page.js'))));
  for (const sdk of SDKS) {
    for (const view of Object.keys(sdk.scripts)) {
      app.get(`/${sdk.version}/${view}`, (_, answer) => answer.type('html').send(page(sdk, view)));
    }
  }
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
