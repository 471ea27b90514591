// What may leave the page: text and objects of the SDK without secrets and names, and of bounded size.

const REMOVED = '[removed]';
const SECRET_KEY = /pass|pwd|zak|zsk|token|tk$|signature|secret|jwt|e-?mail|user_?name|display_?name/i;
const JWT = /eyJ[\w-]+\.[\w-]+(\.[\w-]*)?/g;
const SECRET_IN_URL = /([?&#](?:pwd|passcode|password|tk|zak|token|access_token|signature|email|uname)=)[^&#\s"']+/gi;

/** Shorter ones are replaced only where they are the whole text: "1" stands in too many numbers. */
const SHORTEST_SECRET_INSIDE_TEXT = 4;

const MAX_REASON_CHARACTERS = 500;
const MAX_RAW_BYTES = 4096;
const MAX_TEXT_CHARACTERS = 1000;
const MAX_CUT_CHARACTERS = 1000;
const MAX_DEPTH = 5;
const MAX_ENTRIES = 40;

export class Redaction {
  private readonly secrets: string[];

  /** `parameters` are those of the SDK's `join()`: what they hold as a secret or a name is one wherever it turns up. */
  constructor(parameters: Record<string, unknown>) {
    this.secrets = Object.entries(parameters)
      .filter(([key, value]) => SECRET_KEY.test(key) && value)
      .map(([, value]) => String(value))
      .sort((a, b) => b.length - a.length);
  }

  reason(text: string): string {
    return beginning(this.text(text), MAX_REASON_CHARACTERS);
  }

  /** A copy that JSON can hold, of at most 4 kB; `undefined` where there is nothing to tell. */
  raw(value: unknown): unknown {
    if (value === undefined || value === null || value === '') return undefined;
    const copy = this.copy(value, []);
    const json = JSON.stringify(copy) ?? '';
    return sizeInBytes(json) <= MAX_RAW_BYTES ? copy : { cut: beginning(json, MAX_CUT_CHARACTERS) };
  }

  private text(text: string): string {
    let safe = text;
    for (const secret of this.secrets) {
      if (safe === secret) return REMOVED;
      if (secret.length >= SHORTEST_SECRET_INSIDE_TEXT) safe = safe.split(secret).join(REMOVED);
    }
    return safe.replace(JWT, REMOVED).replace(SECRET_IN_URL, `$1${REMOVED}`);
  }

  private copy(value: unknown, above: unknown[]): unknown {
    if (typeof value === 'string') return beginning(this.text(value), MAX_TEXT_CHARACTERS);
    if (typeof value === 'bigint') return this.text(String(value));
    if (typeof value === 'number') return this.text(String(value)) === REMOVED ? REMOVED : value;
    if (typeof value !== 'object' || value === null) return typeof value === 'boolean' ? value : null;
    if (above.includes(value)) return '[circular]';
    if (above.length >= MAX_DEPTH) return '[deep]';
    const within = [...above, value];
    if (Array.isArray(value)) return value.slice(0, MAX_ENTRIES).map((item) => this.copy(item, within));
    // Elements, windows and the like: what they are, not what they hold.
    const kind = Object.prototype.toString.call(value);
    if (kind !== '[object Object]' && kind !== '[object Error]') return kind;

    const copy: Record<string, unknown> = {};
    const described = kind === '[object Error]' ? ['name', 'message'] : [];
    for (const key of [...described, ...Object.keys(value)].slice(0, MAX_ENTRIES)) {
      const item = read(value, key);
      if (typeof item !== 'function' && item !== undefined) copy[this.text(key)] = SECRET_KEY.test(key) && item ? REMOVED : this.copy(item, within);
    }
    return copy;
  }
}

/** Cut between characters: half a surrogate pair is no text. */
function beginning(text: string, maxCharacters: number): string {
  return Array.from(text.slice(0, 2 * maxCharacters)).slice(0, maxCharacters).join('');
}

function read(value: object, key: string): unknown {
  try {
    return (value as Record<string, unknown>)[key];
  } catch {
    return '[unreadable]';
  }
}

function sizeInBytes(text: string): number {
  return new TextEncoder().encode(text).length;
}
