// A failure as the SDK tells it, in whichever of its shapes (reference 2.3).
import type { Details } from './story';

/** Says nothing in itself: the wire's own sentence, in `result`, does. */
const UNSPECIFIED = '1';

export function failureOf(error: unknown): Details {
  if (typeof error !== 'object' || error === null) return { reason: error === undefined ? undefined : String(error), raw: error };
  const { errorCode, errorMessage, reason, result, message, name } = error as Record<string, unknown>;
  const code = errorCode === undefined || errorCode === null || errorCode === '' ? undefined : String(errorCode);
  const wire = typeof result === 'string' ? result : undefined;
  const thrown = message && (name && name !== 'Error' ? `${name}: ${message}` : message);
  const sentences = code === undefined || code === UNSPECIFIED ? [wire, errorMessage, reason, thrown] : [errorMessage, reason, wire, thrown];
  const sentence = sentences.find((text) => typeof text === 'string' && text !== '');
  return { code, reason: sentence as string | undefined, raw: error };
}

/** Signature expired or invalid, ZAK or token not usable, OBF token invalid. */
const CODES_OF_STALE_PARAMETERS = ['3265', '3623', '3705', '3712', '4014'];
/** The same where a version shows 1, 200 or no code at all. Not "Token has expired.": that is the registrant's, which minting does not renew. */
const TEXT_OF_STALE_PARAMETERS = /signature (is invalid|has expired)|invalid signature|token error|start meeting via tokens/i;

export function freshParametersCanHelp({ code, reason }: Details): boolean {
  if (code && CODES_OF_STALE_PARAMETERS.includes(code)) return true;
  return (code === undefined || code === '1' || code === '200') && TEXT_OF_STALE_PARAMETERS.test(reason ?? '');
}
