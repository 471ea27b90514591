// Every path of a join that fails or falls silent, and what the browser client says of it: `outcome code: reason`.
// Seen by running the SDKs (reference 2.5). A path is provoked by an answer of the simulator or by an edit of the parameters.

const wire = (code, message) => ({ kind: 'join', code, message });
const both = (said) => ({ client: said, component: said });

const FAILED = { client: 'failed 1: Fail to join the meeting.', component: 'failed 200: Fail to join the meeting.' };
const NO_CONNECTION = { ...FAILED, component: 'failed -3000: connection error' };
const NOT_STARTED = { client: 'waiting: waiting for host', component: 'failed 3008: Meeting has not started' };
const WRONG_NUMBER = 'failed 3706: The meeting number is wrong.';

/** `said` holds for both versions, the key of a version overrules it. */
export const PATHS = [
  { what: 'an invalid signature', zoomAnswer: wire(200, 'Invalid signature.'), said: both('failed 3712: Signature is invalid.') },
  { what: 'an expired signature', zoomAnswer: wire(200, 'The signature has expired.'), said: both('failed 3705: The signature has expired.') },
  { what: 'another meeting number', zoomAnswer: wire(200, 'The meeting number is wrong.'), said: both(WRONG_NUMBER) },
  { what: 'an unknown number', zoomAnswer: wire(200, 'The meeting number is not found.'), said: both('failed 3707: The meeting number is not found.') },
  { what: 'another sentence', zoomAnswer: wire(200, 'Come back later.'), said: { ...FAILED, client: 'failed 1: Come back later.' } },
  { what: 'a token error', zoomAnswer: wire(200, 'Token error'), said: { ...FAILED, client: 'failed: Token error' } },
  {
    what: 'a meeting that does not exist',
    zoomAnswer: wire(3001, 'Meeting does not exist.'),
    said: { client: 'failed 3610: Meeting does not exist.', component: 'failed 200: Meeting does not exist.' },
  },
  {
    what: 'a wrong passcode',
    zoomAnswer: wire(3004, 'Meeting Passcode wrong.'),
    shown: '#inputpasscode',
    said: { client: 'silent: asks for the passcode', component: 'failed 3004: Meeting Passcode wrong.' },
  },
  {
    what: 'somebody who is not the host',
    zoomAnswer: wire(3003, 'Not the host.'),
    said: { client: 'failed 3003: You are not the meeting host.', component: 'failed 200: Not the host.' },
  },
  {
    what: 'a meeting for signed-in users',
    zoomAnswer: wire(3100, 'Login required.'),
    said: { client: 'failed 3100: Require login', component: 'failed 200: Login required.' },
  },
  { what: 'a meeting that has not started', shown: '.waiting-pannel', said: NOT_STARTED },
  {
    what: 'a meeting with registration',
    zoomAnswer: wire(3099, 'https://zoom.us/meeting/register/x'),
    shown: '#login',
    said: { client: 'silent: asks to register or to sign in', component: 'failed 3099: This webinar requires registration.' },
  },
  {
    what: 'a captcha',
    zoomAnswer: wire(3110, 'captcha'),
    shown: '.captcha-error-tip',
    said: { ...FAILED, client: 'silent: asks for a captcha' },
  },
  {
    what: "a registrant's token that has expired",
    zoomAnswer: wire(124, 'Token has expired.'),
    said: { client: 'failed 3610: Token has expired.', component: 'failed 200: Token has expired.' },
  },
  {
    what: 'a code that the SDK does not know',
    zoomAnswer: wire(3265, 'Not support start meeting via tokens'),
    said: { client: 'failed 1: Not support start meeting via tokens', component: 'failed 200: Not support start meeting via tokens' },
  },
  { what: 'HTTP 500', zoomAnswer: { kind: 'json', status: 500, body: {} }, said: NO_CONNECTION },
  {
    what: 'an empty object',
    zoomAnswer: { kind: 'json', status: 200, body: {} },
    said: NO_CONNECTION,
    '2.16.0': both('silent'), // asked for JSONP and got JSON
  },
  { what: 'a page instead of JSON', zoomAnswer: { kind: 'html', status: 200 }, said: NO_CONNECTION },
  {
    what: 'no sdkKey',
    edit: (join) => delete join.sdkKey,
    shown: '.waiting-pannel',
    said: NOT_STARTED,
    '2.16.0': {
      client: `failed 4003: apiKey or sdkKey only need one, and can't empty ({"apiKey":"","sdkKey":""})`,
      component: 'failed: sdkKey can not empty',
    },
  },
  {
    what: 'an empty name',
    edit: (join) => (join.userName = ''),
    said: { client: 'failed 4003: userName length > 128 or userName is empty', component: 'failed: userName cannot be empty' },
    '2.16.0': { client: 'failed 4003: userName length > 128 or userName is empty', component: 'failed 3008: Meeting has not started' },
  },
  {
    what: 'a number of 13 digits',
    edit: (join) => (join.meetingNumber = '1234567890123'),
    said: { client: 'failed 4003: meetingNumber length > 12', component: WRONG_NUMBER },
  },
  {
    what: 'the passcode under the key of the other view',
    edit(join) {
      const { passWord, password, ...others } = join;
      for (const key of Object.keys(join)) delete join[key];
      Object.assign(join, others, passWord === undefined ? { passWord: password } : { password: passWord });
    },
    said: { client: 'failed 3: Join parameters: password are invalid!', component: 'failed 3004: Meeting Passcode wrong.' },
    '2.16.0': { client: 'silent', component: 'failed 3004: Meeting Passcode wrong.' },
  },
  {
    what: 'no meeting number',
    edit: (join) => delete join.meetingNumber,
    throws: 'client', // from a timer of its own
    said: {
      client: "gave_up: uncaught TypeError: Cannot read properties of undefined (reading 'toString')",
      component: WRONG_NUMBER,
    },
  },
  {
    what: 'a signature that is no JWT',
    edit: (join) => (join.signature = 'abc'),
    said: { client: 'silent', component: "failed: TypeError: Cannot read properties of undefined (reading 'replace')" },
    '2.16.0': {
      client: 'failed 3712: Signature is invalid.',
      component: "failed: TypeError: Cannot read properties of undefined (reading 'role')",
    },
  },
  {
    what: 'an empty signature',
    edit: (join) => (join.signature = ''),
    said: { client: 'silent', component: "failed: TypeError: Cannot read properties of undefined (reading 'replace')" },
    '2.16.0': {
      client: 'failed 4003:  signatrue length error, 0 < length < 150',
      component: 'failed: Invalid apiKey/sdkKey and/or signature',
    },
  },
];

/** What the journal makes of the last event. Leaving says nothing of an answer, which may still come until its deadline. */
export const OUTCOMES = { failed: 'failed', waiting: 'waiting', silent: 'unanswered', gave_up: 'pending' };

/** Whose fault Usher says it is, by the code, or by the sentence where the code does not tell. */
const FAULTS = {
  'signature, integrator': ['3705', '3706', '3707', '3712'],
  'app, integrator': [
    ...['3', '3003', '3099', '4003', '3610: Token has expired.', '200: Token has expired.', '200: Not the host.'],
    ...['1: Not support start meeting via tokens', '200: Not support start meeting via tokens', 'sdkKey can not empty'],
  ],
  'meeting, host': ['3004', '3008', '3100', '200: Login required.'],
  'network, network': ['-3000'],
  'user, user': ['3610: Meeting does not exist.', '200: Meeting does not exist.'],
};

/** Class and party. */
export function faultOf(expected) {
  if (!expected.startsWith('failed')) return undefined;
  const said = expected.replace(/^failed:? /, '');
  const known = Object.keys(FAULTS).find((fault) => FAULTS[fault].some((start) => said === start || said.startsWith(`${start}:`)));
  return known ?? 'unknown, undetermined';
}

export const expectedOf = (path, sdk, view) => (path[sdk.version] ?? path.said)[view];
