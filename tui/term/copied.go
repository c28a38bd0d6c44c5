package term

// Copied says where a copied text went.
type Copied struct {
	// By is what took it: a program ("wl-copy") that was asked afterwards what
	// it holds, or the terminal, which cannot be asked. It is empty where nothing
	// took it.
	By string
	// Sure tells that it is known to be there.
	Sure bool
	// File is the absolute path of a file that holds the text too, where the
	// clipboard is not sure to.
	File string
}
