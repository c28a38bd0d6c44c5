package lab

import (
	"compress/gzip"
	"io"
	"net/http"
	"time"
)

// stream writes an answer that a reader must not read to its end.
type stream func(w http.ResponseWriter, r *http.Request, stop <-chan struct{})

func withStream(s stream) func(*plan) {
	return func(p *plan) { p.tickets.Respond = s }
}

// bomb sends 1 GiB of spaces inside a JSON text, compressed a thousandfold,
// whether or not the client said that it takes gzip.
func bomb(w http.ResponseWriter, _ *http.Request, stop <-chan struct{}) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Encoding", "gzip")
	compressed := gzip.NewWriter(w)
	defer compressed.Close()
	chunk := spaces(1 << 20)
	_, _ = io.WriteString(compressed, `{"token":"`)
	for range 1 << 10 {
		if over(stop) {
			return
		}
		if _, err := compressed.Write(chunk); err != nil {
			return
		}
	}
	_, _ = io.WriteString(compressed, `"}`)
}

// endless sends JSON without end, as fast as it can.
func endless(w http.ResponseWriter, _ *http.Request, stop <-chan struct{}) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"token":"`)
	chunk := spaces(32 << 10)
	for !over(stop) {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

// hangUp ends the connection without an answer, as a worker does that dies.
func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// cutOff ends the connection in the middle of the answer.
func cutOff(w http.ResponseWriter, _ *http.Request, _ <-chan struct{}) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"token":"`)
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// hangUpAfter answers a GET and then ends the connection without having said
// so, as servers do that take a connection for idle.
func hangUpAfter(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(conn,
		"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 22\r\n\r\n"+`{"detail":"Not Found"}`)
	_ = conn.Close()
}

// drip sends one byte every 100 ms without end: no read times out, and the answer never
// ends.
func drip(w http.ResponseWriter, r *http.Request, stop <-chan struct{}) {
	w.Header().Set("Content-Type", "application/json")
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := w.Write([]byte(" ")); err != nil {
			return
		}
		if http.NewResponseController(w).Flush() != nil {
			return
		}
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		case <-stop:
			return
		}
	}
}

func spaces(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = ' '
	}
	return b
}

func over(stop <-chan struct{}) bool {
	select {
	case <-stop:
		return true
	default:
		return false
	}
}
