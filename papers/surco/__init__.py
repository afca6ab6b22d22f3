"""SurCo: linear surrogates for combinatorial problems with a nonlinear objective."""
