package sql

import (
	"testing"

	"go.uber.org/goleak"
)

// No goroutine outlives the streams of these tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
