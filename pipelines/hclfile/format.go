package hclfile

import (
	"bytes"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

var byteOrderMark = []byte("\xef\xbb\xbf")

// settles bounds how often layout is applied: hclwrite's is not always final the
// first time, when spaces it moved decide what lines up.
const settles = 5

// Format is src, a native pipeline file, in the one layout: two spaces a level,
// equal signs of neighbours under each other, line ends of Unix, one at the end
// of the file. Text that does not parse comes back as it was.
func Format(src []byte) []byte {
	out := bytes.TrimPrefix(src, byteOrderMark)
	if _, diags := hclsyntax.ParseConfig(out, "", hcl.InitialPos); diags.HasErrors() {
		return src
	}
	for range settles {
		next := layout(out)
		if bytes.Equal(next, out) {
			break
		}
		out = next
	}
	return out
}

func layout(src []byte) []byte {
	src = bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n"))
	out := bytes.TrimRight(hclwrite.Format(src), " \t\r\n")
	if len(out) > 0 {
		out = append(out, '\n')
	}
	return out
}
