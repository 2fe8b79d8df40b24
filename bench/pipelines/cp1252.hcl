# Work cp1252: the same rows as office software exports them, published as Parquet.
project {
  memory = "128MiB"
  state  = "state"
}

variable "data" {
  type = text
}

connection "local" "data" {
  path = var.data
}

connection "local" "portal" {
  path = "published"
}

pipeline "grants" {
  authorization {
    allowed   = true
    reference = "invented data"
  }
  source "file" "grants" {
    connection = connection.local.data
    path       = "grants-cp1252.csv"
    format "csv" {
      encoding  = "cp1252"
      delimiter = ";"
      decimal   = ","
      columns = {
        id            = int64
        exercice      = int32
        montant       = decimal(12, 2)
        taux          = float64
        convention_le = date("DD/MM/YYYY")
        versement_le  = date("DD/MM/YYYY")
      }
    }
  }
  privacy {
    public = ["id", "attribuant", "attribuant_siret", "exercice", "association", "association_siret", "objet", "nature",
    "montant", "taux", "convention_le", "versement_le"]
    expect "association" {
      kinds  = ["name"]
      reason = "names of associations, which are drawn from words"
    }
  }
  load "local" "portal" {
    connection = connection.local.portal
    file "parquet" {
      level = 1
    }
  }
}
