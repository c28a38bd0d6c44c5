package finding

type Text struct {
	Format string
	Args   []any
}

func Textf(format string, args ...any) Text { return Text{Format: format, Args: args} }

type Finding struct {
	Code    string
	Message Text
	Fixes   []Text
}

func New(code, format string, args ...any) Finding {
	return Finding{Code: code, Message: Textf(format, args...)}
}

func (f Finding) Fixed(command, format string, args ...any) Finding {
	f.Fixes = append(f.Fixes, Textf(format, args...))
	return f
}
