
connection "local" "depot" {
  path = "depot"
}

privacy "vide" {
  public = ["a"]
}
pipeline "none" {
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
  load "local" "portail" {
    connection = connection.local.depot
    prefix     = "x"
    file "csv" {}
  }
}
pipeline "both" {
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
  privacy {
    public = ["id"]
    use    = privacy.vide
  }
  load "local" "portail" {
    connection = connection.local.depot
    prefix     = "x"
    file "csv" {}
  }
}
pipeline "wrong" {
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
  privacy {
    use = connection.local.depot
  }
  load "local" "portail" {
    connection = connection.local.depot
    prefix     = "x"
    file "csv" {}
  }
}
pipeline "unknown" {
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
  privacy {
    use = privacy.vid
  }
  load "local" "portail" {
    connection = connection.local.depot
    prefix     = "x"
    file "csv" {}
  }
}
pipeline "noload" {
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
}
pipeline "nosource" {
  privacy {
    public = ["id"]
  }
  load "local" "portail" {
    connection = connection.local.depot
    prefix     = "x"
    file "csv" {}
  }
}
