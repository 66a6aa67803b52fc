#!/bin/sh
# Build the virtual environment that label_gpaw.py runs in (Debian or Ubuntu).
#
#   sh install_gpaw.sh [FOLDER]      default: ./gpaw-env
#
# Needs once, as root:
#   apt-get install gcc python3-dev python3-venv libxc-dev libopenblas-dev \
#       libfftw3-dev libscalapack-openmpi-dev libopenmpi-dev
# Versions are those the labels were made with: keep one set per data set.
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

"$env_dir/bin/python" -c 'import gpaw, dftd3.ase; print("GPAW", gpaw.__version__)'
echo "Run: OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $env_dir/bin/python label_gpaw.py --help"
