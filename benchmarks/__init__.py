# SPDX-License-Identifier: MIT
"""How fast miio_pure is, beside others: python3 -m benchmarks"""
