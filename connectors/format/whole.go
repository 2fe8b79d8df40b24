package format

// Whole is the ability of a Reader to say whether all that a file holds is its rows and the
// names of its columns. One that does not say so may pass over anything: lines before and
// after, comments, other sheets, other branches of a document.
type Whole interface{ Whole() bool }

func (c *csvCodec) Whole() bool {
	return c.config.Header <= 1 && c.config.SkipFooter == 0
}

func (c *jsonCodec) Whole() bool { return c.lines || c.record == "" }
