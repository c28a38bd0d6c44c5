package finding

import (
	_ "embed" // for the list of codes
	"strings"
)

// Code is the name of a kind of finding. Codes are public: never renamed, never reused.
type Code string

// IsDoctor reports whether the code means that the doctor itself failed.
func (c Code) IsDoctor() bool {
	return c == DoctorInternal || c == DoctorTimeout || c == DoctorCancelled
}

// AlwaysShown reports whether faces show the code even without --verbose, although its
// severity is info: joining has a side effect.
func (c Code) AlwaysShown() bool { return c == TokenDispatchesAgent || c == JoinWouldEvict }

// The codes, in the order of the stages. Each has a page in checks/catalogue.
const (
	EnvFileUnreadable      Code = "ENV_FILE_UNREADABLE"
	EnvValueShadowed       Code = "ENV_VALUE_SHADOWED"
	EnvValueEmptied        Code = "ENV_VALUE_EMPTIED"
	EnvLoadersDisagree     Code = "ENV_LOADERS_DISAGREE"
	EnvValueExpanded       Code = "ENV_VALUE_EXPANDED"
	EnvNameNearMiss        Code = "ENV_NAME_NEAR_MISS"
	EnvURLMissing          Code = "ENV_URL_MISSING"
	EnvKeyMissing          Code = "ENV_KEY_MISSING"
	EnvSecretMissing       Code = "ENV_SECRET_MISSING"
	EnvURLInvalid          Code = "ENV_URL_INVALID"
	EnvURLPath             Code = "ENV_URL_PATH"
	EnvURLSchemeHTTP       Code = "ENV_URL_SCHEME_HTTP"
	EnvURLInsecure         Code = "ENV_URL_INSECURE"
	EnvURLMediaPort        Code = "ENV_URL_MEDIA_PORT"
	EnvPlaceholder         Code = "ENV_PLACEHOLDER"
	EnvValueQuoted         Code = "ENV_VALUE_QUOTED"
	EnvValueWhitespace     Code = "ENV_VALUE_WHITESPACE"
	EnvKeySecretSwapped    Code = "ENV_KEY_SECRET_SWAPPED"
	EnvSecretShort         Code = "ENV_SECRET_SHORT"
	EnvCloudLocalMix       Code = "ENV_CLOUD_LOCAL_MIX"
	EnvProxyInUse          Code = "ENV_PROXY_IN_USE"
	EnvTicketURLInvalid    Code = "ENV_TICKET_URL_INVALID"
	EnvTicketURLMissing    Code = "ENV_TICKET_URL_MISSING"
	EnvSecretExposed       Code = "ENV_SECRET_EXPOSED"
	EnvFilePermissions     Code = "ENV_FILE_PERMISSIONS"
	EnvSecretOnCommandLine Code = "ENV_SECRET_ON_COMMAND_LINE"

	TicketDNS          Code = "TICKET_DNS"
	TicketRefused      Code = "TICKET_REFUSED"
	TicketTimeout      Code = "TICKET_TIMEOUT"
	TicketTLS          Code = "TICKET_TLS"
	TicketNotHTTP      Code = "TICKET_NOT_HTTP"
	TicketServerError  Code = "TICKET_SERVER_ERROR"
	TicketRedirected   Code = "TICKET_REDIRECTED"
	TicketUnauthorized Code = "TICKET_UNAUTHORIZED"
	TicketForbidden    Code = "TICKET_FORBIDDEN"
	TicketRouteWrong   Code = "TICKET_ROUTE_WRONG"
	TicketUnknown      Code = "TICKET_UNKNOWN"
	TicketConsumed     Code = "TICKET_CONSUMED"
	TicketExpired      Code = "TICKET_EXPIRED"
	TicketRejected     Code = "TICKET_REJECTED"
	TicketRateLimited  Code = "TICKET_RATE_LIMITED"
	TicketNotJSON      Code = "TICKET_NOT_JSON"
	TicketBodyTooLarge Code = "TICKET_BODY_TOO_LARGE"
	TicketTokenMissing Code = "TICKET_TOKEN_MISSING"
	TicketFieldUnusual Code = "TICKET_FIELD_UNUSUAL"
	TicketURLMissing   Code = "TICKET_URL_MISSING"
	TicketURLInvalid   Code = "TICKET_URL_INVALID"
	TicketURLDiffers   Code = "TICKET_URL_DIFFERS"
	TicketRoomDiffers  Code = "TICKET_ROOM_DIFFERS"
	TicketTokenCached  Code = "TICKET_TOKEN_CACHED"
	TicketSlow         Code = "TICKET_SLOW"

	FrontendUnreachable   Code = "FRONTEND_UNREACHABLE"
	FrontendNotConfigured Code = "FRONTEND_NOT_CONFIGURED"
	FrontendRouteMissing  Code = "FRONTEND_ROUTE_MISSING"
	FrontendMethod        Code = "FRONTEND_METHOD"
	FrontendError         Code = "FRONTEND_ERROR"
	FrontendFields        Code = "FRONTEND_FIELDS"
	FrontendWrapsError    Code = "FRONTEND_WRAPS_ERROR"

	TokenEmpty           Code = "TOKEN_EMPTY"
	TokenOpaque          Code = "TOKEN_OPAQUE"
	TokenPromise         Code = "TOKEN_PROMISE"
	TokenWrapped         Code = "TOKEN_WRAPPED"
	TokenTruncated       Code = "TOKEN_TRUNCATED"
	TokenEncrypted       Code = "TOKEN_ENCRYPTED"
	TokenUndecodable     Code = "TOKEN_UNDECODABLE"
	TokenAlg             Code = "TOKEN_ALG"
	TokenForeign         Code = "TOKEN_FOREIGN"
	TokenNoIssuer        Code = "TOKEN_NO_ISSUER"
	TokenNoVideo         Code = "TOKEN_NO_VIDEO"
	TokenGrantMisnamed   Code = "TOKEN_GRANT_MISNAMED"
	TokenNoRoomJoin      Code = "TOKEN_NO_ROOM_JOIN"
	TokenNoRoom          Code = "TOKEN_NO_ROOM"
	TokenNoIdentity      Code = "TOKEN_NO_IDENTITY"
	TokenClaimType       Code = "TOKEN_CLAIM_TYPE"
	TokenLimits          Code = "TOKEN_LIMITS"
	TokenCannotPublish   Code = "TOKEN_CANNOT_PUBLISH"
	TokenCannotSubscribe Code = "TOKEN_CANNOT_SUBSCRIBE"
	TokenDispatchesAgent Code = "TOKEN_DISPATCHES_AGENT"
	TokenBroad           Code = "TOKEN_BROAD"
	TokenPlaceholder     Code = "TOKEN_PLACEHOLDER"
	TokenExpired         Code = "TOKEN_EXPIRED"
	TokenNotYetValid     Code = "TOKEN_NOT_YET_VALID"
	TokenExpiresSoon     Code = "TOKEN_EXPIRES_SOON"
	TokenLivesLong       Code = "TOKEN_LIVES_LONG"
	TokenNoExpiry        Code = "TOKEN_NO_EXPIRY"
	TokenTimeUnit        Code = "TOKEN_TIME_UNIT"
	TokenIssuedInFuture  Code = "TOKEN_ISSUED_IN_FUTURE"

	ClockSkew Code = "CLOCK_SKEW"

	SignatureOtherKey      Code = "SIGNATURE_OTHER_KEY"
	SignatureMismatch      Code = "SIGNATURE_MISMATCH"
	SignatureSecretVariant Code = "SIGNATURE_SECRET_VARIANT"
	SignatureNotChecked    Code = "SIGNATURE_NOT_CHECKED"

	ServerKeyUnknown        Code = "SERVER_KEY_UNKNOWN"
	ServerSignatureRejected Code = "SERVER_SIGNATURE_REJECTED"

	ConfigSecretStale Code = "CONFIG_SECRET_STALE"

	ServerTokenRejected     Code = "SERVER_TOKEN_REJECTED"
	ServerVerdictUnexpected Code = "SERVER_VERDICT_UNEXPECTED"
	ServerDNS               Code = "SERVER_DNS"
	ServerRefused           Code = "SERVER_REFUSED"
	ServerTimeout           Code = "SERVER_TIMEOUT"
	ServerSilent            Code = "SERVER_SILENT"
	ServerReset             Code = "SERVER_RESET"
	ServerTLS               Code = "SERVER_TLS"
	ServerCertExpiresSoon   Code = "SERVER_CERT_EXPIRES_SOON"
	ServerNotLiveKit        Code = "SERVER_NOT_LIVEKIT"
	ServerPathPrefix        Code = "SERVER_PATH_PREFIX"
	ServerNotReady          Code = "SERVER_NOT_READY"
	ServerOverloaded        Code = "SERVER_OVERLOADED"
	ServerQuota             Code = "SERVER_QUOTA"
	ServerRegionPinned      Code = "SERVER_REGION_PINNED"

	WebsocketUpgradeStripped Code = "WEBSOCKET_UPGRADE_STRIPPED"
	WebsocketAuthStripped    Code = "WEBSOCKET_AUTH_STRIPPED"
	WebsocketQueryRefused    Code = "WEBSOCKET_QUERY_REFUSED"
	WebsocketClosed          Code = "WEBSOCKET_CLOSED"
	WebsocketSilent          Code = "WEBSOCKET_SILENT"
	WebsocketNotSignal       Code = "WEBSOCKET_NOT_SIGNAL"
	WebsocketRefused         Code = "WEBSOCKET_REFUSED"
	WebsocketV1Blocked       Code = "WEBSOCKET_V1_BLOCKED"

	RoomNotFound    Code = "ROOM_NOT_FOUND"
	RoomJoinRefused Code = "ROOM_JOIN_REFUSED"

	JoinWouldEvict Code = "JOIN_WOULD_EVICT"
	JoinLeft       Code = "JOIN_LEFT"

	ServerVersionOld Code = "SERVER_VERSION_OLD"

	MediaNoCandidates       Code = "MEDIA_NO_CANDIDATES"
	MediaPrivateCandidates  Code = "MEDIA_PRIVATE_CANDIDATES"
	MediaAddressUnreachable Code = "MEDIA_ADDRESS_UNREACHABLE"
	MediaUDPBlocked         Code = "MEDIA_UDP_BLOCKED"
	MediaTCPUnreachable     Code = "MEDIA_TCP_UNREACHABLE"
	MediaFailed             Code = "MEDIA_FAILED"
	MediaDTLSFailed         Code = "MEDIA_DTLS_FAILED"
	MediaSlow               Code = "MEDIA_SLOW"

	ICEServerInvalid    Code = "ICE_SERVER_INVALID"
	BrowserCSP          Code = "BROWSER_CSP"
	BrowserMixedContent Code = "BROWSER_MIXED_CONTENT"
	BrowserCORS         Code = "BROWSER_CORS"
	BrowserInsecurePage Code = "BROWSER_INSECURE_PAGE"

	AgentNoWorker        Code = "AGENT_NO_WORKER"
	AgentDispatchIgnored Code = "AGENT_DISPATCH_IGNORED"
	AgentJobFailed       Code = "AGENT_JOB_FAILED"
	AgentAbsent          Code = "AGENT_ABSENT"
	AgentSlow            Code = "AGENT_SLOW"

	ServerAPIBlocked Code = "SERVER_API_BLOCKED"
	ServerNoRedis    Code = "SERVER_NO_REDIS"

	TurnNotOffered  Code = "TURN_NOT_OFFERED"
	TurnUnreachable Code = "TURN_UNREACHABLE"
	TurnTLS         Code = "TURN_TLS"
	TurnAuth        Code = "TURN_AUTH"
	TurnRelayDenied Code = "TURN_RELAY_DENIED"

	PublishNoPackets   Code = "PUBLISH_NO_PACKETS"
	PublishLossy       Code = "PUBLISH_LOSSY"
	PublishNotReceived Code = "PUBLISH_NOT_RECEIVED"

	ReconnectFailed Code = "RECONNECT_FAILED"

	DevTokenNoKeys      Code = "DEV_TOKEN_NO_KEYS"
	DevTokenDefaultKeys Code = "DEV_TOKEN_DEFAULT_KEYS"
	DevJoinFailed       Code = "DEV_JOIN_FAILED"

	DoctorInternal  Code = "DOCTOR_INTERNAL"
	DoctorTimeout   Code = "DOCTOR_TIMEOUT"
	DoctorCancelled Code = "DOCTOR_CANCELLED"
)

//go:embed codes.go
var source string

// Codes returns every code in the order of the stages. It reads the constants above
// from this file, so that each code is written once. The caller owns the slice.
func Codes() []Code {
	var list []Code
	for line := range strings.Lines(source) {
		if fields := strings.Fields(line); len(fields) == 4 && fields[1] == "Code" && fields[2] == "=" {
			list = append(list, Code(strings.Trim(fields[3], `"`)))
		}
	}
	return list
}
