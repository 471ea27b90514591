// What teams run today: the logic of Zoom's sample endpoint (zoom/meetingsdk-auth-endpoint-sample 3.12.0) on Node, express and jsrsasign, in
// our own lines. The baseline of the HTTP benchmark.
//
//   ZOOM_MEETING_SDK_KEY=… ZOOM_MEETING_SDK_SECRET=… PORT=0 node server.mjs
import express from 'express';
import { sign } from './sign.mjs';

const { ZOOM_MEETING_SDK_KEY: key, ZOOM_MEETING_SDK_SECRET: secret, PORT = '4000' } = process.env;
if (!key || !secret) {
  console.error('error: set ZOOM_MEETING_SDK_KEY and ZOOM_MEETING_SDK_SECRET');
  process.exit(2);
}

/** The whole number in a JSON number or a numeric text; NaN if there is none. */
const whole = (value) => (typeof value === 'number' ? value : Number.parseInt(value, 10));

/** What is wrong with the body, in the sample's shape. */
function errorsOf({ meetingNumber, role, expirationSeconds, videoWebRtcMode }) {
  const errors = [];
  const check = (isRight, property, reason) => isRight || errors.push({ property, reason });
  check((meetingNumber === undefined) === (role === undefined), '$schema', 'meetingNumber and role go together');
  check(role === undefined || [0, 1].includes(whole(role)), 'role', 'must be 0 or 1');
  const lifetime = whole(expirationSeconds ?? 7200);
  check(lifetime >= 1800 && lifetime <= 172800, 'expirationSeconds', 'must be from 1800 to 172800');
  check(videoWebRtcMode === undefined || [0, 1].includes(whole(videoWebRtcMode)), 'videoWebRtcMode', 'must be 0 or 1');
  return errors;
}

const app = express();
app.use((_, answer, next) => {
  answer.set('access-control-allow-origin', '*');
  next();
});
app.use(express.json());
app.post('/', (request, answer) => {
  const body = request.body ?? {};
  const errors = errorsOf(body);
  if (errors.length > 0) return answer.status(400).json({ errors });
  const { meetingNumber, role, expirationSeconds = 7200, videoWebRtcMode } = body;
  const signature = sign({
    key,
    secret,
    meetingNumber,
    role: role === undefined ? undefined : whole(role),
    lifetimeS: whole(expirationSeconds),
    videoWebRtcMode: videoWebRtcMode === undefined ? undefined : whole(videoWebRtcMode),
    nowS: Math.floor(Date.now() / 1000),
  });
  return answer.json({ signature, sdkKey: key });
});

const server = app.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
