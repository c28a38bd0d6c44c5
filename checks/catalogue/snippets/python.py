# pip install livekit-api
import os
from datetime import timedelta

from livekit import api


def create_token(room: str, identity: str) -> str:
    """A LiveKit token: one participant, one room, 15 minutes."""
    key = os.environ["LIVEKIT_API_KEY"]
    secret = os.environ["LIVEKIT_API_SECRET"]
    grants = api.VideoGrants(
        room_join=True,
        room=room,
        can_publish=True,
        can_subscribe=True,
        can_publish_data=True,
    )
    return (
        api.AccessToken(key, secret)
        .with_identity(identity)
        .with_ttl(timedelta(minutes=15))
        .with_grants(grants)
        .to_jwt()
    )
