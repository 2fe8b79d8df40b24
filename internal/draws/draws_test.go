package draws

import (
	"testing"

	"pgregory.net/rapid"
)

// A kind that no draw of the first two checks is of is waited for.
func TestCheckGoesOnUntilEachKindWasMet(t *testing.T) {
	kinds, drawn := Of("rare", "often"), 0
	Check(t, kinds, func(r *rapid.T) {
		drawn++
		if rapid.Bool().Draw(r, "often") {
			kinds.Meet("often")
		}
		if drawn == 250 {
			kinds.Meet("rare")
		}
	})
	if *kinds["rare"] != 1 || *kinds["often"] == 0 {
		t.Errorf("%d and %d", *kinds["rare"], *kinds["often"])
	}
}
