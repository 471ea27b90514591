// The customer's site: a page per SDK version and view, with the SDK as npm delivered it.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import express from 'express';
import { SDKS, STAND_IN } from './sdks.mjs';

const here = (path) => new URL(path, import.meta.url).pathname;

/** `own` are the site's own scripts. */
function page(sdk, view, own) {
  const scripts = [...sdk.scripts[view], ...own].map((source) => `<script src="${source}"></script>`);
  return `<!doctype html>
<meta charset="utf-8">
<title>Web SDK ${sdk.version}, ${view}</title>
<body data-view="${view}" data-assets="${sdk.assets}" data-version="${sdk.version}">
<div id="zmmtg-root"></div><div id="aria-notify-area"></div><div id="root"></div>
${scripts.join('\n')}
`;
}

/** Serves it on a port of loopback that is free. */
export async function startSite() {
  const app = express();
  app.use('/node_modules', express.static(here('../node_modules'), { maxAge: '1h' }));
  app.get('/page.js', (_, answer) => answer.type('js').send(readFileSync(here('page.js'))));
  app.get('/client_page.js', (_, answer) => answer.type('js').send(readFileSync(here('client_page.js'))));
  app.get('/client_stand_in.js', (_, answer) => answer.type('js').send(readFileSync(here('client_stand_in.js'))));
  for (const sdk of [...SDKS, STAND_IN]) {
    for (const view of Object.keys(sdk.scripts)) {
      app.get(`/${sdk.version}/${view}`, (_, answer) => answer.type('html').send(page(sdk, view, ['/page.js'])));
      app.get(`/${sdk.version}/${view}/usher`, (_, answer) => answer.type('html').send(page(sdk, view, ['/client_page.js'])));
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
