package room

import (
	"slices"

	"lkdoctor/checks/finding"
	"lkdoctor/checks/room"
	"lkdoctor/checks/wrap"
)

func (m model) peopleLines(width, limit int) []string {
	people := m.state.people
	head := m.Styles.Title.Render(m.Sayf("In the room: %d", len(people)))
	shown := people[:min(len(people), max(0, limit-1))]
	name, quality := 12, 0
	for _, p := range shown {
		name = max(name, min(wrap.Width(m.label(p)), width/3))
		quality = max(quality, wrap.Width(m.grade(p.quality)))
	}
	lines := []string{head}
	for i, p := range shown {
		mark := m.Marks.Bullet
		if p.me {
			mark = m.Marks.Cursor
		}
		text := mark + " " + wrap.Pad(m.Fit(m.label(p), name), name) + "  "
		if quality > 0 {
			text += wrap.Pad(m.grade(p.quality), quality) + "  "
		}
		row := wrap.Under(text, m.flow(m.tracks(p), width-wrap.Width(text)))
		for i := range row {
			row[i] = m.Fit(row[i], width)
		}
		more := len(people) - i - 1
		if len(lines)+len(row)+min(more, 1) > limit && i > 0 {
			return append(lines, m.Styles.Subtle.Render(m.Sayf("and %d more", more+1)))
		}
		lines = append(lines, row...)
	}
	if more := len(people) - len(shown); more > 0 && len(lines) < limit {
		lines = append(lines, m.Styles.Subtle.Render(m.Sayf("and %d more", more)))
	}
	return lines
}

// flow joins parts by dots into lines of at most width columns.
func (m model) flow(parts []string, width int) []string {
	var lines []string
	for _, part := range parts {
		last := len(lines) - 1
		if last >= 0 && wrap.Width(lines[last]+m.Marks.Dot+part) <= width {
			lines[last] += m.Marks.Dot + part
			continue
		}
		lines = append(lines, m.Fit(part, width))
	}
	return lines
}

// grade returns the word for the server's rating of a connection. The server sends the
// first rating after some seconds.
func (m model) grade(quality string) string {
	switch quality {
	case "excellent":
		return m.Sayf("excellent")
	case "good":
		return m.Sayf("good")
	case "poor":
		return m.Sayf("poor")
	case "lost":
		return m.Sayf("lost")
	}
	return m.Plain(quality)
}

func (m model) label(p person) string {
	label := m.Plain(p.Identity)
	if p.me {
		label = m.Sayf("%s (you)", label)
	}
	if p.Name != "" && p.Name != p.Identity {
		label += " (" + m.Plain(p.Name) + ")"
	}
	if !p.me && p.Kind != "standard" && p.Kind != "" {
		label += " [" + m.Plain(p.Kind) + "]"
	}
	return label
}

func (m model) tracks(p person) []string {
	var parts []string
	tracks := p.tracks
	if p.me {
		tracks = m.myTracks(p)
	}
	// The server may still name a muted participant as a speaker.
	audible := func(t room.Track) bool { return t.Kind == "audio" && !t.Muted }
	if p.speaks && m.state.phase == inside && slices.ContainsFunc(tracks, audible) {
		parts = append(parts, m.Styles.Good.Render(m.bar(p.level)+" "+m.Sayf("speaking")))
	}
	for _, t := range tracks {
		text := m.Say(short(t))
		switch carries, known := m.state.traffic[t.SID]; {
		case t.Muted:
			text = m.Sayf("%s, muted", short(t))
		case known && m.state.phase == inside:
			text += " " + bitRate(carries.Rate)
		}
		parts = append(parts, text)
	}
	if len(tracks) == 0 {
		parts = append(parts, m.Styles.Subtle.Render(m.Sayf("publishes nothing")))
	}
	return parts
}

// myTracks returns what the stay publishes, under the server's names.
func (m model) myTracks(p person) []room.Track {
	var list []room.Track
	for _, s := range m.mine {
		t := room.Track{Kind: "audio", Source: "microphone", Name: string(s.Clip)}
		if s.Clip == room.Pattern {
			t.Kind, t.Source = "video", "camera"
		}
		if i := slices.IndexFunc(p.tracks, func(have room.Track) bool { return have.Name == t.Name }); i >= 0 {
			t = p.tracks[i]
		}
		t.Muted = s.Muted
		list = append(list, t)
	}
	return list
}

func short(t room.Track) finding.Text {
	switch t.Source {
	case "microphone":
		return finding.Textf("microphone")
	case "camera":
		return finding.Textf("camera")
	case "screen_share":
		return finding.Textf("screen")
	case "screen_share_audio":
		return finding.Textf("screen's sound")
	}
	return room.Thing(t)
}
