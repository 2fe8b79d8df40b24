# Work transform: a filter, a cast and three computed columns, published as Parquet and as CSV.
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
      }
    }
  }
  transform "filter" "conventions" {
    where = row.montant >= 1000
  }
  transform "cast" "types" {
    columns = {
      exercice     = text
      versement_le = date
    }
  }
  transform "derive" "calculs" {
    columns = {
      annee   = year(row.convention_le)
      acompte = row.montant * 0.3
      tranche = row.montant >= 23000 ? "convention obligatoire" : "sous le seuil"
    }
  }
  privacy {
    public = ["id", "attribuant", "attribuant_siret", "exercice", "association", "association_siret", "objet", "nature",
    "montant", "taux", "convention_le", "versement_le", "annee", "acompte", "tranche"]
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
    file "csv" {}
  }
}
