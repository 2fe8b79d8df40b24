package format

import (
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func TestANumberWrittenOutIsTheSameNumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "number")
		plain, ok := writtenOut([]byte(text))
		if !ok {
			t.Fatalf("%s is refused", text)
		}
		want, _ := new(big.Rat).SetString(text)
		got, fine := new(big.Rat).SetString(string(plain))
		if !fine || want.Cmp(got) != 0 {
			t.Fatalf("%s became %s", text, plain)
		}
	})
	for _, text := range []string{"1e401", "1e-401", "1e99999999999", "1e"} {
		if plain, ok := writtenOut([]byte(text)); ok {
			t.Errorf("%s became %s", text, plain)
		}
	}
}

func TestBinaryNumbersAreReadToFifteenDigits(t *testing.T) {
	for _, c := range []struct {
		text string
		want string
		why  *messages.Message
	}{
		{"1234.56", "1234.56", nil},
		{"0.30000000000000004", "0.30", nil},
		{"1137825.5000000002", "1137825.50", nil},
		{"1.005", "", messages.DecimalScale},
		{"8.03E+13", "80300000000000.00", nil},
		{"1e300", "", messages.Overflow},
		{"999999999999.0100001", "999999999999.01", nil},
		{"1234567890123.456", "", messages.DecimalScale}, // fifteen digits end at the declared decimals
		{"12345678901234.567", "", messages.DecimalScale},
	} {
		v, why := nativeDecimal(cellFloat, []byte(c.text), 18, 2)
		if why != c.why || why == nil && v.ToString(2) != c.want {
			t.Errorf("%s: %s, %v", c.text, v.ToString(2), why)
		}
	}
	if _, why := nativeDecimal(cellNumber, []byte("0.30000000000000004"), 18, 2); why != messages.DecimalScale {
		t.Error("a number that is exact as written was rounded")
	}
}

func TestSerialDays(t *testing.T) {
	days := func(iso string) arrow.Date32 {
		d, why := scalar.DateFormat{}.Parse([]byte(iso))
		if why != nil {
			t.Fatal(iso)
		}
		return d
	}
	for _, c := range []struct {
		serial  string
		from    int
		day     string
		micros  int64
		refused *messages.Message
	}{
		{"1", 1900, "1900-01-01", 0, nil},
		{"59", 1900, "1900-02-28", 0, nil},
		{"60", 1900, "", 0, messages.NoSuchDay},
		{"61", 1900, "1900-03-01", 0, nil},
		{"45351", 1900, "2024-02-29", 0, nil},
		{"45351.5", 1900, "2024-02-29", 43200e6, nil},
		{"45351.999999999", 1900, "2024-03-01", 0, nil},
		{"2958465", 1900, "9999-12-31", 0, nil},
		{"2958466", 1900, "", 0, messages.BadDate},
		{"2958465.9999999999", 1900, "", 0, messages.BadDate},
		{"2957003", 1904, "9999-12-31", 0, nil},
		{"2957004", 1904, "", 0, messages.BadDate},
		{"0.5", 1900, "", 0, messages.BadDate},
		{"-1", 1900, "", 0, messages.BadDate},
		{"0", 1904, "1904-01-01", 0, nil},
		{"43889", 1904, "2024-02-29", 0, nil},
	} {
		f := cellForm{date1904: c.from == 1904}
		day, micros, why := f.serial([]byte(c.serial))
		if why != c.refused {
			t.Errorf("%s from %d: %v", c.serial, c.from, why)
		} else if why == nil && (day != days(c.day) || micros != c.micros) {
			t.Errorf("%s from %d: %d %d", c.serial, c.from, day, micros)
		}
	}
}

func TestInstantsOfCellsAreReadInTheColumnsZone(t *testing.T) {
	col, err := cellColumnOf(pipelines.ColumnDecl{Name: "le", ColumnType: pipelines.ColumnType{
		Type: pipelines.Instant, Format: "DD/MM/YYYY HH:mm", Zone: "Europe/Paris"}})
	if err != nil {
		t.Fatal(err)
	}
	d := cellDecoder{form: &cellForm{}}
	want, why := col.instant.Parse([]byte("29/02/2024 12:00"))
	if why != nil {
		t.Fatal(why)
	}
	for text, kind := range map[string]cellKind{"45351.5": cellFloat, "2024-02-29T12:00:00": cellISO, "2024-02-29T11:00:00Z": cellISO} {
		if got, why := d.nativeInstant(&col, kind, []byte(text)); why != nil || got != want {
			t.Errorf("%s: %d, %v; wanted %d", text, got, why, want)
		}
	}
}

func TestANumberWhereTextIsDeclaredIsRefused(t *testing.T) {
	declared, undeclared := cellColumn{declared: true}, cellColumn{}
	if nativeText(&declared, cellFloat) != messages.CellNumberNotText || nativeText(&undeclared, cellFloat) != nil ||
		nativeText(&declared, cellNumber) != nil || nativeText(&undeclared, cellFault) != messages.CellFault {
		t.Error("texts are not refused as they should be")
	}
	if v, why := nativeInt64(cellFloat, []byte(strconv.Itoa(1<<40)+".0")); why != nil || v != 1<<40 {
		t.Error(v, why)
	}
}

// Rows that fail in one column stand between those that fail in another.
func TestManyRejectedRowsStayInTheirOrder(t *testing.T) {
	const rows = 100_000 // time must not grow with their square
	res := readCSV(t, csvFrom(t, memory.NewGoAllocator(), "columns = { a = int64, b = int64 }"), "a,b\n"+strings.Repeat("1,1\nx,1\n1,x\nx,x\n", rows/4))
	if len(res.Rows) != rows/4 || len(res.Rejects) != rows*3/4 {
		t.Fatalf("%d rows, %d rejects", len(res.Rows), len(res.Rejects))
	}
	for i, r := range res.Rejects {
		if line := i/3*4 + i%3 + 3; !strings.HasPrefix(r, strconv.Itoa(line)+":") {
			t.Fatalf("reject %d: %s", i, r)
		}
	}
}

// Codes are looked at whatever the file says that they are.
func TestACodeIsCheckedWhereItIsANumber(t *testing.T) {
	mem := memory.NewGoAllocator()
	fields := []testField{{name: "SIRET", kind: 'N', size: 14}, {name: "INSEE", kind: 'L', size: 1}}
	got := readWith(t, dbfFrom(t, mem, "columns = { SIRET = siret }"), tableInput(table(3, 3, fields, " 80300000000000T", "            803 "), nil))
	if len(got.Rows) != 1 || len(got.Rejects) != 1 || !strings.Contains(got.Rejects[0], "LAV-2513") {
		t.Errorf("%+v", got)
	}
	got = readWith(t, dbfFrom(t, mem, "columns = { INSEE = insee }"), tableInput(table(3, 3, fields, " 80300000000000T"), nil))
	if len(got.Rows) != 0 || len(got.Rejects) != 1 {
		t.Errorf("%+v", got)
	}
}
