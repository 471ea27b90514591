// The Web SDKs under test, as npm delivers them, and the files that a page loads for each view.
import { readFileSync } from 'node:fs';

const MODULES = new URL('../node_modules/', import.meta.url);

function sdk(name, vendor) {
  const { version } = JSON.parse(readFileSync(new URL(`${name}/package.json`, MODULES), 'utf8'));
  return {
    name,
    version,
    assets: `/node_modules/${name}/dist/lib`,
    // Of the several builds in a package, those for script tags (Zoom's own samples load them).
    scripts: {
      client: [...vendor, `/node_modules/${name}/dist/zoom-meeting-${version}.min.js`],
      component: [...vendor, `/node_modules/${name}/dist/zoom-meeting-embedded-ES5.min.js`],
    },
  };
}

export const SDKS = [
  // The version of the report that Usher began with. It exists under its old name only, and brings no React of its own.
  sdk('@zoomus/websdk', [
    '/node_modules/react/umd/react.production.min.js',
    '/node_modules/react-dom/umd/react-dom.production.min.js',
    '/node_modules/redux/dist/redux.min.js',
    '/node_modules/redux-thunk/dist/redux-thunk.min.js',
    '/node_modules/lodash/lodash.min.js',
  ]),
  // The newest on npm on 2026-11-24.
  sdk(
    '@zoom/meetingsdk',
    ['react', 'react-dom', 'redux', 'redux-thunk', 'lodash'].map(
      (library) => `/node_modules/@zoom/meetingsdk/dist/lib/vendor/${library}.min.js`,
    ),
  ),
];

/** Has the SDK's interface and no meeting behind it: the joined path, which the simulator never answers. */
export const STAND_IN = {
  name: 'stand-in',
  version: 'stand-in',
  /** The version that parameters are minted for. */
  minted: SDKS.at(-1).version,
  assets: '',
  scripts: { client: ['/client_stand_in.js'], component: ['/client_stand_in.js'] },
};

export const VIEWS = ['client', 'component'];
