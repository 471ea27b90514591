// Debian's Chromium, in which every host but loopback is the simulator.
import { accessSync, constants } from 'node:fs';
import { chromium } from 'playwright-core';

const CHROMIUM = process.env.CHROMIUM_BIN ?? '/usr/bin/chromium';

/** Starts it with an empty profile. `zoomTls` is the simulator's `ADDRESS:PORT`. */
export async function startBrowser(zoomTls) {
  try {
    accessSync(CHROMIUM, constants.X_OK);
  } catch {
    throw new Error(`no Chromium at ${CHROMIUM}: apt-get install chromium, or name another one in CHROMIUM_BIN`);
  }
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      `--host-resolver-rules=MAP * ${zoomTls}, EXCLUDE 127.0.0.1`,
      '--ignore-certificate-errors',
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
