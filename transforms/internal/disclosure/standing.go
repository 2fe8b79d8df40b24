package disclosure

import "context"

// Standing gives the risks of all rows at the levels that were counted, whatever the
// models, but for those that a population or persons decide: what Measure gives there
// under no model, of one reading of the classes.
func Standing(ctx context.Context, c *Classes) (Risks, error) {
	sizes := map[int64]int64{}
	err := c.each(ctx, func(r *run) error {
		for _, rows := range r.n {
			if rows > 0 { // else it is of the population alone
				sizes[int64(rows)]++
			}
		}
		return nil
	})
	return prosecuted(sizes), err
}
