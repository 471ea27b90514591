// A signature the way Zoom's sample makes it: JSON.stringify, then jsrsasign.
import jsrsasign from 'jsrsasign';

const HEADER = JSON.stringify({ alg: 'HS256', typ: 'JWT' });

/** Claims that are `undefined` are left out: a native token has neither `mn` nor `role`. */
export function sign({ key, secret, meetingNumber, role, lifetimeS, videoWebRtcMode, nowS }) {
  const expiresAtS = nowS + lifetimeS;
  const claims = JSON.stringify({
    appKey: key,
    sdkKey: key,
    mn: meetingNumber,
    role,
    iat: nowS,
    exp: expiresAtS,
    tokenExp: expiresAtS,
    video_webrtc_mode: videoWebRtcMode,
  });
  return jsrsasign.KJUR.jws.JWS.sign('HS256', HEADER, claims, secret);
}
