// What each view and version says, and what it sends. Seen by running them (2026-11-24), not documented by Zoom.

/** The SDK's words after every check has passed: the simulator's meetings have not started. */
export function joinedAs(view) {
  return view === 'client'
    ? { by: 'page', value: 'Meeting has not started' }
    : { by: 'error', value: { type: 'JOIN_MEETING_FAILED', reason: 'Meeting has not started', errorCode: 3008 } };
}

const REFUSALS = {
  3705: { wire: 'The signature has expired.', shown: 'The signature has expired.' },
  3706: { wire: 'The meeting number is wrong.', shown: 'The meeting number is wrong.' },
  3712: { wire: 'Invalid signature.', shown: 'Signature is invalid.' },
};

/** The SDK's own error object. */
export function refusedAs(view, code) {
  const { wire, shown } = REFUSALS[code];
  return {
    by: 'error',
    value:
      view === 'client'
        ? { method: 'join', status: false, result: wire, errorCode: code, errorMessage: shown }
        : { type: 'JOIN_MEETING_FAILED', reason: shown, errorCode: code },
  };
}

/** What the simulator judges of every signature; the rest applies to some joins only. */
const SIGNATURE_CHECKS = [
  ...['signature_parses', 'key_known', 'key_enabled', 'key_claim', 'algorithm', 'hmac', 'time_claims', 'issued_in_past'],
  ...['not_expired', 'lifetime', 'meeting_number', 'role', 'meeting_exists', 'host_account'],
];

/** The one request that the simulator has seen, as far as it comes from the join parameters. */
export function seenAs(sdk, view, parameters) {
  const claims = JSON.parse(Buffer.from(parameters.signature.split('.')[1], 'base64url'));
  const isOld = sdk.version === '2.16.0';
  const isClient = view === 'client';
  const isHost = claims.role === 1;
  const zakField = isHost || (isOld && !isClient) ? 'zsk' : 'ztk';
  const customerKey = isOld ? parameters.customerKey : Buffer.from(parameters.customerKey).toString('base64url');
  return {
    method: isOld ? 'GET' : 'POST',
    // A host needs no passcode.
    passed: [...SIGNATURE_CHECKS, ...(parameters.zak ? ['zak'] : []), ...(isHost ? [] : ['passcode'])],
    failed: [],
    fields: {
      signature: parameters.signature,
      signatureType: 'sdk',
      apiKey: claims.appKey,
      meetingNumber: parameters.meetingNumber,
      userName: parameters.userName,
      passWord: isClient ? parameters.passWord : parameters.password,
      cv: sdk.version,
      // 2.16.0's Client View keeps the customer key to itself until the media gateway.
      ...(isOld && isClient ? {} : { customerKey }),
      ...(parameters.zak ? { [zakField]: parameters.zak } : {}),
    },
  };
}
