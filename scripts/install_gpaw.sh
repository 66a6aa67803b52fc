#!/bin/sh
# GPAW in an environment of its own, for `lithophile label` (Debian or Ubuntu).
#
#   sh scripts/install_gpaw.sh [FOLDER]      default: ./gpaw-env
#
# Needs once, as root:
#   apt-get install gcc python3-dev python3-venv libxc-dev libopenblas-dev \
#       libfftw3-dev libscalapack-openmpi-dev libopenmpi-dev
# The versions are those of the shipped labels: keep one set for a data set.
set -eu

env_dir=${1:-gpaw-env}
python3 -m venv "$env_dir"
env_dir=$(cd "$env_dir" && pwd)

cat > "$env_dir/siteconfig.py" <<'CONFIG'
mpi = True
compiler = 'gcc'
mpicompiler = 'mpicc'
libraries = ['xc', 'openblas', 'fftw3', 'scalapack-openmpi']
fftw = True
scalapack = True
CONFIG

"$env_dir/bin/pip" install --upgrade pip
GPAW_CONFIG="$env_dir/siteconfig.py" "$env_dir/bin/pip" install \
    'ase==3.29.0' 'dftd3==1.7.0' 'gpaw-data==1.2.1' 'gpaw==26.7.0'

"$env_dir/bin/python" -c 'import gpaw; print("GPAW", gpaw.__version__)'
echo "Now: export LITHOPHILE_GPAW_PYTHON=$env_dir/bin/python"
