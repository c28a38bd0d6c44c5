package checks

import (
	"net/http"
	"testing"
)

func TestMadeWithIsWhatTheHeadersTell(t *testing.T) {
	for _, test := range []struct{ server, powered, want string }{
		{"uvicorn", "", "python"}, {"Werkzeug/3.0 Python/3.12", "", "python"}, {"gunicorn/21.2", "", "python"},
		{"", "Express", "node"}, {"nginx", "Next.js", "node"}, {"nginx", "", ""}, {"", "", ""},
	} {
		h := http.Header{}
		h.Set("Server", test.server)
		h.Set("X-Powered-By", test.powered)
		if got := madeWith(h); got != test.want {
			t.Errorf("%q, %q: %q, want %q", test.server, test.powered, got, test.want)
		}
	}
}
