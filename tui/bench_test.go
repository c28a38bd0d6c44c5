package tui

import "testing"

// BenchmarkKey is one key and the frame that answers it, in a large window.
func BenchmarkKey(b *testing.B) {
	deps, _ := testDeps()
	m := newModel(deps.withDefaults(), newSession(b.Context(), deps.Start))
	m.width, m.height = 200, 60
	m = ends(m, opaqueRun())
	for b.Loop() {
		m = step(m, press("j"), press("k"))
		_ = m.View()
	}
}
