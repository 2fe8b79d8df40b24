package format

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/memory"
)

// Files that pyarrow and DuckDB wrote (dev/readers/write.py), read to the last
// value. dev/readers/run says where they are.
func TestParquetOfOthers(t *testing.T) {
	folder := os.Getenv("LAVOIR_PARQUET_OTHERS")
	if folder == "" {
		t.Skip("LAVOIR_PARQUET_OTHERS does not say where the files of others are")
	}
	readOthers(t, folder)
}

// Files that Spark wrote (dev/readers/spark.py), which is too large to install for a
// check: instants as INT96 and as microseconds, decimals and lists in its old layout.
func TestParquetOfSpark(t *testing.T) { readOthers(t, filepath.Join("testdata", "spark")) }

// readOthers reads the files of a folder, each with what is to be read beside it.
func readOthers(t *testing.T, folder string) {
	t.Helper()
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	files, err := filepath.Glob(filepath.Join(folder, "*.parquet"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	values := 0
	for _, path := range files {
		name := filepath.Base(path)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(strings.TrimSuffix(path, ".parquet") + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var want struct {
			Config, Code string
			Columns      []struct {
				Name, Type string
				Values     []string
			}
		}
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		got, err := readForeign(t, parquetFrom(t, mem, want.Config), inputOf(data))
		if want.Code != "" {
			if err == nil || !strings.Contains(err.Error(), want.Code) {
				t.Errorf("%s: %v, want %s", name, err, want.Code)
			}
			continue
		}
		if err != nil || len(got.rejects) > 0 || len(got.types) != len(want.Columns) {
			t.Errorf("%s: %v; rejects %v; columns %v", name, err, got.rejects, got.types)
			continue
		}
		for i, c := range want.Columns {
			if got.types[i] != c.Name+" "+c.Type {
				t.Errorf("%s: %s, want %s %s", name, got.types[i], c.Name, c.Type)
			}
			if len(got.cells[i]) != len(c.Values) {
				t.Errorf("%s, column %s: %d values, want %d", name, c.Name, len(got.cells[i]), len(c.Values))
				continue
			}
			for row, v := range c.Values {
				if values++; got.cells[i][row] != v {
					t.Errorf("%s, column %s, row %d: %.60q, want %.60q", name, c.Name, row+1, got.cells[i][row], v)
					break
				}
			}
		}
	}
	t.Logf("%d files, %d values", len(files), values)
}
