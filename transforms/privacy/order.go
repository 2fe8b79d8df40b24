package privacy

import (
	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/transforms/internal/extsort"
)

// Arrange orders rows by what is published of them, column by column. Rows of a class
// look alike: in the order of the source, which whoever has a list of the same persons
// may know, the first would be that of the first person, and nothing would be hidden
// by its having several values. So would the mean of a group, which is near the value of
// each of its rows. What a policy without either lets out keeps its order.
func (t policy) Arrange(released pipelines.Stream) pipelines.Stream {
	if t.Model == nil && len(t.Micro) == 0 {
		return released
	}
	var order extsort.Order
	for i, f := range released.Schema().Fields() {
		if arrowx.Keyed(f.Type) {
			order.Columns = append(order.Columns, i)
		}
	}
	order.Descending = make([]bool, len(order.Columns))
	return extsort.SortOnWorkers(t.env, released, order)
}
