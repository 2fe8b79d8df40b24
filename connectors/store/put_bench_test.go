package store_test

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"

	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/connectors/store/storetest"
)

func BenchmarkPut(b *testing.B) {
	content := store.Bytes(bytes.Repeat([]byte("Val-Fleuri 0123\n"), 16<<20), "text/csv") // 256 MiB
	run := func(b *testing.B, s store.Store) {
		b.SetBytes(content.Size)
		b.ReportAllocs()
		for range b.N {
			if _, err := s.Put(context.Background(), "bench/x.csv", content); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("folder", func(b *testing.B) {
		run(b, storetest.Open(b, store.Local, "path = \""+filepath.ToSlash(b.TempDir())+"\"", storetest.Env(b.TempDir())))
	})
	for _, s := range storetest.Servers {
		b.Run(s.Name, func(b *testing.B) {
			bucket := storetest.NewBucket(b, s.Variable)
			run(b, storetest.Open(b, store.S3, bucket.HCL(""), bucket.Env(b.TempDir())))
		})
	}
}
