// Starting and stopping processes of the binary under test.
import { execFile, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const BIN = process.env.USHER_BIN ?? new URL('../../target/debug/usher', import.meta.url).pathname;
const START_LIMIT_MS = 20_000;

/** The environment without what configures another Usher. */
const cleanEnvironment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('USHER_')),
);

function requireBinary() {
  try {
    accessSync(BIN, constants.X_OK);
  } catch {
    throw new Error(`no usher at ${BIN}: cargo build, or name another one in USHER_BIN`);
  }
}

/** Runs a command to its end; the JSON that it prints. */
export async function runJson(args, environment) {
  requireBinary();
  const options = { env: { ...cleanEnvironment, ...environment }, timeout: START_LIMIT_MS };
  const { stdout } = await promisify(execFile)(BIN, args, options);
  return JSON.parse(stdout);
}

/** Starts a service and waits for as many lines on stdout; `stop` sends SIGTERM and requires exit code 0. */
export async function startService(args, environment, lineCount) {
  requireBinary();
  const child = spawn(BIN, args, { env: { ...cleanEnvironment, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  process.once('exit', () => child.kill('SIGKILL')); // a test run that is broken off leaves nothing behind
  let talk = '';
  child.stderr.on('data', (chunk) => (talk += chunk));
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
  const failure = (why) => new Error(`usher ${args.join(' ')} ${why}\n${talk}`);

  const lines = [];
  const started = new Promise((resolve) => {
    createInterface(child.stdout).on('line', (line) => lines.push(line) === lineCount && resolve());
  });
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(failure('has not started in time')), START_LIMIT_MS);
  });
  const ended = exited.then((code) => {
    throw failure(`ended with ${code} before it listened`);
  });
  try {
    await Promise.race([started, ended, late]);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    clearTimeout(timer);
    ended.catch(() => {}); // after the start, the end is nothing to report
  }

  return {
    lines,
    async stop() {
      child.kill('SIGTERM');
      const code = await exited;
      if (code !== 0) throw failure(`ended with ${code}, not 0, on SIGTERM`);
    },
  };
}
