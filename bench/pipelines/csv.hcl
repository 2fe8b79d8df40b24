# Work csv: a UTF-8 export, published as Parquet.
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
    path       = "grants.csv"
    format "csv" {
      columns = {
        id            = int64
        exercice      = int32
        montant       = decimal(12, 2)
        taux          = float64
        convention_le = date
        versement_le  = date
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
