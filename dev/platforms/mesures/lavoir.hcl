# Nombres à virgule flottante : ce qui en est publié doit avoir les mêmes octets
# sur tous les processeurs (dev/platforms/run).

connection "local" "ici" {
  path = "."
}

connection "local" "publie" {
  path = "published"
}

pipeline "mesures" {
  authorization {
    allowed   = true
    reference = "données inventées"
  }
  source "file" "mesures" {
    connection = connection.local.ici
    path       = "mesures.csv"
    format "csv" {
      columns = { station = text, x = float64, y = float64, z = float64 }
    }
  }
  transform "derive" "calculs" {
    columns = {
      produit  = row.x * row.y + row.z
      reste    = row.z - row.x * row.y
      deux     = row.x * row.y + row.y * row.z
      rapport  = row.y == 0 ? 0 : row.x / row.y + row.z
      arrondi  = round(row.x * 1.2 + 3, 2)
      minimum  = min(row.x, row.y, row.z)
      maximum  = max(row.x, row.y, row.z)
      decimale = abs(row.x) < 1000 ? to_text(row.x * row.y) : "-"
    }
  }
  transform "sort" "ordre" {
    by = ["station", "produit", "x"]
  }
  privacy {
    public = ["station", "x", "y", "z", "produit", "reste", "deux", "rapport", "arrondi", "minimum", "maximum", "decimale"]
  }
  load "local" "publie" {
    connection = connection.local.publie
    prefix     = "mesures"
    file "parquet" {}
    file "csv" {}
  }
}

pipeline "stations" {
  authorization {
    allowed   = true
    reference = "données inventées"
  }
  source "file" "mesures" {
    connection = connection.local.ici
    path       = "mesures.csv"
    format "csv" {
      columns = { station = text, x = float64, y = float64, z = float64 }
    }
  }
  transform "aggregate" "par_station" {
    group_by = ["station"]
    columns = {
      somme   = sum(row.x * row.y + row.z)
      moyenne = avg(row.x)
      minimum = min(row.y)
      maximum = max(row.z)
    }
  }
  privacy {
    public = ["station", "somme", "moyenne", "minimum", "maximum"]
  }
  load "local" "publie" {
    connection = connection.local.publie
    prefix     = "stations"
    file "parquet" {}
    file "csv" {}
  }
}
