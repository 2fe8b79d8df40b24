package hclfile

import (
	"bytes"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

var byteOrderMark = []byte("\xef\xbb\xbf")

// Format is src, a native pipeline file, in the one layout: two spaces a level,
// equal signs of neighbours under each other, line ends of Unix, one at the end
// of the file. Text that does not parse comes back as it was.
func Format(src []byte) []byte {
	clean := bytes.ReplaceAll(bytes.TrimPrefix(src, byteOrderMark), []byte("\r\n"), []byte("\n"))
	if _, diags := hclsyntax.ParseConfig(clean, "", hcl.InitialPos); diags.HasErrors() {
		return src
	}
	out := bytes.TrimRight(hclwrite.Format(clean), "\n")
	if len(out) == 0 {
		return nil
	}
	return append(out, '\n')
}
