package privacy

import (
	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/protect"
)

// shown makes texts coarser by what is seen of them: the first and the last characters.
type shown struct{ protect.Partial }

func newShown(t arrow.DataType, first, last int) (protect.Generalisation, error) {
	if t.ID() != arrow.STRING {
		return nil, messages.GeneraliseType.With("got", pipelines.TypeName(t), "wanted", "text")
	}
	p, err := protect.NewPartial(first, last)
	return shown{p}, err
}

func (shown) Levels() []string { return []string{shownLevel} }

func (shown) Domain() string { return shownDomain }

func (s shown) Labels(dst []string, a arrow.Array, i int) ([]string, bool) {
	return append(dst, s.Of(a.(*array.String).Value(i))), true
}
