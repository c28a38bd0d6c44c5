package probe

import (
	"bufio"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// bombRatio is the compression ratio above which a body that exceeds its cap is
// called a bomb: text compresses to a tenth, seldom to a fiftieth.
const bombRatio = 50

// counter counts the bytes read through it, and keeps the reader's own error, which
// distinguishes a broken connection from a broken compression.
type counter struct {
	r   io.Reader
	n   int64
	err error
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}

// readBody reads at most limit bytes of a body, decompressed, into reply, and
// returns why it is incomplete, nil if it is complete.
func (n *Net) readBody(parent, ctx context.Context, reply *Reply, body io.Reader, limit int64) *Failure {
	raw := &counter{r: body}
	src, unknown, err := decoded(raw, reply.Header.Get("Content-Encoding"))
	if reply.Encoding = unknown; err == nil && src != nil {
		reply.Body, err = io.ReadAll(io.LimitReader(src, limit+1))
	}
	f := &Failure{Phase: PhaseBody}
	switch ratio := limit / max(raw.n, 1); {
	case int64(len(reply.Body)) > limit && src != io.Reader(raw) && ratio >= bombRatio:
		reply.Body = reply.Body[:limit]
		f.Kind, f.Detail = KindBodyBomb, fmt.Sprintf("the compressed body grew more than %d times, past %d bytes", ratio, limit)
	case int64(len(reply.Body)) > limit:
		reply.Body = reply.Body[:limit]
		f.Kind, f.Detail = KindBodyTooLarge, fmt.Sprintf("the body is longer than %d bytes", limit)
	case err == nil:
		return nil
	case cancelled(parent):
		f.Kind = KindCancelled
	case ctx.Err() != nil:
		f.Kind, f.Detail = KindBodySlow, "the body did not end in time"
	case raw.err == nil:
		f.Kind, f.Detail = KindBodyGarbled, "the body cannot be decompressed"
	case isReset(err):
		f.Kind, f.Detail = KindReset, "the connection was reset in the middle of the body"
	case isEOF(err):
		f.Kind, f.Detail = KindClosed, "the connection was closed in the middle of the body"
	default:
		f.Kind, f.Detail = KindBodyGarbled, n.Line(err.Error())
	}
	return f
}

// decoded decodes a Content-Encoding. For an empty body src is nil.
func decoded(raw *counter, encoding string) (src io.Reader, unknown string, err error) {
	encoding = strings.ToLower(strings.TrimSpace(encoding))
	switch encoding {
	case "", "identity":
		return raw, "", nil
	case "gzip", "x-gzip", "deflate":
	default:
		return raw, encoding, nil
	}
	buffered := bufio.NewReader(raw)
	if _, err := buffered.Peek(1); err != nil {
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return nil, "", err
	}
	if encoding == "deflate" {
		src, err = zlib.NewReader(buffered)
	} else {
		src, err = gzip.NewReader(buffered)
	}
	return src, "", err
}
