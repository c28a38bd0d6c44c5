// npm install livekit-server-sdk
import { AccessToken } from 'livekit-server-sdk';

// A LiveKit token for one participant in one room, for 15 minutes.
// Call it with await: const token = await createToken(room, identity);
export async function createToken(room, identity) {
  const { LIVEKIT_API_KEY, LIVEKIT_API_SECRET } = process.env;
  const token = new AccessToken(LIVEKIT_API_KEY, LIVEKIT_API_SECRET, {
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
