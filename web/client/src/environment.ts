// Where the join happens, in families and major versions: enough to tell a browser's fault, too little to tell a person.

export interface Environment {
  sdk_version?: string;
  view?: string;
  browser?: string;
  os?: string;
  release?: string;
  time_zone?: string;
  connection?: string;
  cross_origin_isolated?: boolean;
}

/** In this order: Edge calls itself Chrome too, and all call themselves Safari. */
const BROWSERS: [name: string, pattern: RegExp][] = [
  ['Edge', /\bEdg(?:e|A|iOS)?\/(\d+)/],
  ['Opera', /\bOPR\/(\d+)/],
  ['Samsung Internet', /\bSamsungBrowser\/(\d+)/],
  ['Firefox', /\b(?:Firefox|FxiOS)\/(\d+)/],
  ['Android WebView', /; wv\).*\bChrome\/(\d+)/],
  ['Chrome', /\b(?:HeadlessChrome|Chrome|CriOS)\/(\d+)/],
  ['Safari', /\bVersion\/(\d+)[\d.]* .*Safari\//],
  ['iOS WebView', /\b(?:iPhone|iPad)\b.*AppleWebKit\/(\d+)/],
];

/** The version only where the browser still tells it: Windows 10 may be 11, macOS always is 10.15, Chrome's Android always 10. */
const SYSTEMS: [name: string, pattern: RegExp][] = [
  ['iOS', /\b(?:iPhone|iPad|iPod)\b.* OS (\d+)_/],
  ['Android', /\bAndroid (?!10; K\))(\d+)/],
  ['Android', /\bAndroid\b/],
  ['Windows', /\bWindows\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['macOS', /\bMacintosh\b/],
  ['Linux', /\bLinux\b/],
];

function named(table: [string, RegExp][], userAgent: string): string | undefined {
  for (const [name, pattern] of table) {
    const found = pattern.exec(userAgent);
    if (found) return found[1] ? `${name} ${found[1]}` : name;
  }
  return undefined;
}

interface Connection {
  type?: string;
  effectiveType?: string;
}

export function environment(): Environment {
  const { userAgent, maxTouchPoints } = navigator;
  const connection = (navigator as { connection?: Connection }).connection;
  const os = named(SYSTEMS, userAgent);
  return known({
    browser: named(BROWSERS, userAgent),
    os: os === 'macOS' && maxTouchPoints > 1 ? 'iOS' : os, // an iPad calls itself a Macintosh
    time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    connection: connection && [connection.type, connection.effectiveType].filter(Boolean).join(' '),
    cross_origin_isolated: globalThis.crossOriginIsolated,
  });
}

/** Without what is not known. */
export function known<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== '')) as T;
}
