package term

// Copied says where a copied text is now.
type Copied struct {
	// By is the clipboard program that has the text ("wl-copy"), or the terminal, which
	// cannot be asked whether it has. It is empty if there was neither.
	By string
	// Sure reports whether the program was asked and has the text.
	Sure bool
	// File is the absolute path of a file that holds the text, written unless Sure.
	File string
}
