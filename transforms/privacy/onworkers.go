package privacy

import (
	"context"
	"io"

	"github.com/lavoir-data/lavoir/pipelines"
)

// onWorkers is disclosure.Options.Each on so many goroutines of the engine's.
func onWorkers(workers int) func(ctx context.Context, n int, work func(context.Context, int) error) error {
	return func(ctx context.Context, n int, work func(context.Context, int) error) error {
		next := 0
		ahead := pipelines.NewAhead(workers,
			func(context.Context) (int, error) {
				if next == n {
					return 0, io.EOF
				}
				next++
				return next - 1, nil
			},
			func(ctx context.Context, i int) (struct{}, error) { return struct{}{}, work(ctx, i) },
			func(struct{}) {})
		defer ahead.Close()
		for {
			switch _, err := ahead.Take(ctx); err {
			case nil:
			case io.EOF:
				return nil
			default:
				return err
			}
		}
	}
}
