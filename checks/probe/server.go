package probe

// ServerKind is the server at an address, as its answers show it.
type ServerKind string

// The kinds of server.
const (
	ServerUnknown    ServerKind = "unknown"
	ServerLiveKit    ServerKind = "livekit"
	ServerNginx      ServerKind = "nginx"
	ServerNextJS     ServerKind = "nextjs"
	ServerSPA        ServerKind = "spa" // answers every path with one HTML page (Vite, CRA, a static host)
	ServerCaddy      ServerKind = "caddy"
	ServerTraefik    ServerKind = "traefik"
	ServerCloudflare ServerKind = "cloudflare"
	ServerApache     ServerKind = "apache"
	ServerHAProxy    ServerKind = "haproxy"
	ServerVite       ServerKind = "vite" // its development server
	ServerExpress    ServerKind = "express"
	ServerUvicorn    ServerKind = "uvicorn" // FastAPI, Starlette: the ticket service, perhaps
	ServerGoMux      ServerKind = "go_mux"  // a Go program without that path: LiveKit under a prefix, or any other
	ServerOtherHTTP  ServerKind = "other_http"
	ServerProxy      ServerKind = "http_proxy" // the HTTP(S)_PROXY answered itself
	ServerMediaPort  ServerKind = "media_port" // LiveKit's ICE/TCP or UDP port, by its number and its silence
	ServerTLS        ServerKind = "tls"
	ServerHTTP2      ServerKind = "http2" // HTTP/2 without an upgrade, gRPC for one
	ServerSSH        ServerKind = "ssh"
	ServerRedis      ServerKind = "redis"
	ServerMySQL      ServerKind = "mysql"
	ServerPostgres   ServerKind = "postgres"
	ServerSMTP       ServerKind = "smtp"
	ServerFTP        ServerKind = "ftp"
	ServerMail       ServerKind = "imap_pop3"
	ServerNATS       ServerKind = "nats"
	ServerAMQP       ServerKind = "amqp"
	ServerMemcached  ServerKind = "memcached"
	ServerRTSP       ServerKind = "rtsp"
	ServerVNC        ServerKind = "vnc"
)
