package finding

// LeaveReason says why a server removed a participant, or why a participant left, for
// a livekit.DisconnectReason such as "DUPLICATE_IDENTITY".
func LeaveReason(word string) Text {
	switch word {
	case "CLIENT_INITIATED":
		return Textf("it was left by the participant's own wish")
	case "DUPLICATE_IDENTITY":
		return Textf("somebody else joined with the same identity")
	case "SERVER_SHUTDOWN":
		return Textf("the server is shutting down")
	case "PARTICIPANT_REMOVED":
		return Textf("the participant was removed by an API call")
	case "ROOM_DELETED":
		return Textf("the room was deleted by an API call")
	case "ROOM_CLOSED":
		return Textf("the room was closed")
	case "CONNECTION_TIMEOUT":
		return Textf("the media connection did not come up in time, or was lost")
	case "JOIN_FAILURE":
		return Textf("the join failed on the server")
	case "STATE_MISMATCH":
		return Textf("the server does not know the session")
	case "MIGRATION":
		return Textf("the room moves to another node")
	case "SIGNAL_CLOSE":
		return Textf("the signalling connection was closed")
	case "MEDIA_FAILURE":
		return Textf("the server's media stack failed")
	case "USER_UNAVAILABLE":
		return Textf("the person who was called did not answer")
	case "USER_REJECTED":
		return Textf("the person who was called declined")
	case "SIP_TRUNK_FAILURE":
		return Textf("the telephone line (SIP trunk) failed")
	case "AGENT_ERROR":
		return Textf("the agent ended with an error")
	}
	return Textf("it gave no reason that is known here")
}

// LeaveAdvice returns one thing to do after the server removed a participant for this
// reason; the zero Text if there is none.
func LeaveAdvice(word string) Text {
	switch word {
	case "DUPLICATE_IDENTITY":
		return Textf("Give every participant a token with an identity (sub) of its own; two browser tabs, or React's StrictMode, join twice with one token.")
	case "SERVER_SHUTDOWN":
		return Textf("Ask the server's operator whether it was restarted, and join again.")
	case "PARTICIPANT_REMOVED", "ROOM_DELETED":
		return Textf("Look for what calls RoomService in the back end: removeParticipant or deleteRoom.")
	case "CONNECTION_TIMEOUT", "JOIN_FAILURE":
		return Textf("Run lkdoctor to see which media path fails.")
	}
	return Text{}
}
