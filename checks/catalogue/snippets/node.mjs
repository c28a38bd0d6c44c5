// npm install livekit-server-sdk
import { AccessToken } from 'livekit-server-sdk';

// A LiveKit token: it lets this one participant join this one room, for 15 minutes.
// Call it with await: const token = await createToken(room, identity);
export async function createToken(room, identity) {
  const token = new AccessToken(process.env.LIVEKIT_API_KEY, process.env.LIVEKIT_API_SECRET, {
    identity,
    ttl: '15m',
  });
  token.addGrant({
    roomJoin: true,
    room,
    canPublish: true,
    canSubscribe: true,
    canPublishData: true,
  });
  return await token.toJwt();
}
