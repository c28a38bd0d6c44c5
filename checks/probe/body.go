package probe

import (
	"bufio"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"strings"
)

// bombRatio is the compression ratio above which a body that exceeds its cap is
// called a bomb: text compresses to a tenth, seldom to a fiftieth.
const bombRatio = 50

// bodyRead is the result of reading a body.
type bodyRead struct {
	data      []byte
	truncated bool
	tooLarge  bool
	ratio     int64  // decompressed over compressed size; 0 if not compressed
	unknown   string // a Content-Encoding that was left alone
	garbled   bool   // the decompression failed, not the connection
	err       error
}

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

// readBody reads at most limit bytes of a body, decompressed.
func readBody(r io.Reader, encoding string, limit int64) bodyRead {
	raw := &counter{r: r}
	src, unknown, err := decoded(raw, encoding)
	b := bodyRead{unknown: unknown}
	if err == nil && src != nil {
		b.data, err = io.ReadAll(io.LimitReader(src, limit+1))
	}
	if int64(len(b.data)) > limit {
		b.data, b.truncated, b.tooLarge = b.data[:limit], true, true
		if src != io.Reader(raw) {
			b.ratio = limit / max(raw.n, 1)
		}
		return b
	}
	if err != nil {
		b.truncated, b.err = true, err
		b.garbled = raw.err == nil
	}
	return b
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
