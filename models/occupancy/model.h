


    // !!! This file is generated using emlearn !!!

    #include <stdint.h>
    

static inline int32_t edgewise_tree_0(const int16_t *features, int32_t features_length) {
          if (features[3] < 12) {
              if (features[0] < 2062) {
                  if (features[28] < 31) {
                      return 0;
                  } else {
                      if (features[4] < 2016) {
                          return 2;
                      } else {
                          return 16;
                      }
                  }
              } else {
                  if (features[3] < -10) {
                      if (features[4] < 2154) {
                          if (features[25] < 2444) {
                              if (features[30] < 3) {
                                  if (features[33] < 2279) {
                                      return 19;
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  return 2;
                              }
                          } else {
                              return 2;
                          }
                      } else {
                          if (features[16] < -23) {
                              if (features[33] < 2614) {
                                  return 4;
                              } else {
                                  return 2;
                              }
                          } else {
                              if (features[16] < -14) {
                                  return 5;
                              } else {
                                  return 6;
                              }
                          }
                      }
                  } else {
                      if (features[19] < 2622) {
                          if (features[28] < 29) {
                              if (features[10] < 3) {
                                  return 14;
                              } else {
                                  return 15;
                              }
                          } else {
                              return 13;
                          }
                      } else {
                          return 1;
                      }
                  }
              }
          } else {
              if (features[35] < -40) {
                  if (features[2] < 32) {
                      if (features[3] < 51) {
                          if (features[7] < 2134) {
                              return 9;
                          } else {
                              return 10;
                          }
                      } else {
                          if (features[32] < 47) {
                              return 11;
                          } else {
                              return 12;
                          }
                      }
                  } else {
                      return 2;
                  }
              } else {
                  if (features[34] < 23) {
                      if (features[0] < 2249) {
                          if (features[4] < 2150) {
                              return 8;
                          } else {
                              if (features[29] < 2138) {
                                  return 17;
                              } else {
                                  return 18;
                              }
                          }
                      } else {
                          return 7;
                      }
                  } else {
                      return 3;
                  }
              }
          }
        }
        

static inline int32_t edgewise_tree_1(const int16_t *features, int32_t features_length) {
          if (features[7] < 2185) {
              if (features[11] < 2082) {
                  if (features[28] < 32) {
                      if (features[17] < 51) {
                          if (features[11] < 2062) {
                              if (features[20] < 11) {
                                  return 0;
                              } else {
                                  if (features[1] < 0) {
                                      return 2;
                                  } else {
                                      return 32;
                                  }
                              }
                          } else {
                              if (features[2] < -11) {
                                  return 2;
                              } else {
                                  return 31;
                              }
                          }
                      } else {
                          return 11;
                      }
                  } else {
                      if (features[16] < 5) {
                          return 20;
                      } else {
                          if (features[30] < -10) {
                              return 2;
                          } else {
                              return 18;
                          }
                      }
                  }
              } else {
                  if (features[30] < 1) {
                      if (features[3] < -2) {
                          if (features[29] < 2482) {
                              if (features[7] < 2122) {
                                  return 2;
                              } else {
                                  return 26;
                              }
                          } else {
                              return 2;
                          }
                      } else {
                          if (features[21] < -26) {
                              return 22;
                          } else {
                              return 17;
                          }
                      }
                  } else {
                      if (features[13] < -22) {
                          return 21;
                      } else {
                          if (features[35] < 77) {
                              if (features[3] < -6) {
                                  return 27;
                              } else {
                                  return 18;
                              }
                          } else {
                              return 25;
                          }
                      }
                  }
              }
          } else {
              if (features[18] < 44) {
                  if (features[33] < 1845) {
                      return 2;
                  } else {
                      return 23;
                  }
              } else {
                  if (features[36] < 139) {
                      if (features[19] < 2009) {
                          if (features[21] < 6) {
                              return 2;
                          } else {
                              return 28;
                          }
                      } else {
                          if (features[1] < -4) {
                              return 29;
                          } else {
                              return 30;
                          }
                      }
                  } else {
                      return 24;
                  }
              }
          }
        }
        

static inline int32_t edgewise_tree_2(const int16_t *features, int32_t features_length) {
          if (features[2] < 9) {
              if (features[4] < 2096) {
                  if (features[26] < 18) {
                      if (features[11] < 2048) {
                          return 0;
                      } else {
                          if (features[13] < -11) {
                              return 2;
                          } else {
                              return 44;
                          }
                      }
                  } else {
                      return 33;
                  }
              } else {
                  if (features[11] < 2137) {
                      if (features[4] < 2119) {
                          return 2;
                      } else {
                          if (features[0] < 2126) {
                              return 39;
                          } else {
                              return 40;
                          }
                      }
                  } else {
                      if (features[10] < 12) {
                          if (features[3] < -19) {
                              if (features[31] < -21) {
                                  return 36;
                              } else {
                                  return 2;
                              }
                          } else {
                              if (features[15] < 2230) {
                                  if (features[30] < -6) {
                                      if (features[35] < 5) {
                                          return 10;
                                      } else {
                                          return 18;
                                      }
                                  } else {
                                      return 18;
                                  }
                              } else {
                                  if (features[35] < -80) {
                                      return 18;
                                  } else {
                                      return 43;
                                  }
                              }
                          }
                      } else {
                          if (features[10] < 29) {
                              if (features[21] < -11) {
                                  return 41;
                              } else {
                                  return 42;
                              }
                          } else {
                              return 35;
                          }
                      }
                  }
              }
          } else {
              if (features[31] < 22) {
                  if (features[7] < 2051) {
                      return 34;
                  } else {
                      if (features[4] < 2072) {
                          return 2;
                      } else {
                          if (features[19] < 1945) {
                              if (features[7] < 2186) {
                                  return 37;
                              } else {
                                  return 2;
                              }
                          } else {
                              if (features[23] < 2221) {
                                  return 18;
                              } else {
                                  return 38;
                              }
                          }
                      }
                  }
              } else {
                  if (features[3] < 28) {
                      return 1;
                  } else {
                      return 18;
                  }
              }
          }
        }
        

static inline int32_t edgewise_tree_3(const int16_t *features, int32_t features_length) {
          if (features[3] < 7) {
              if (features[28] < 59) {
                  if (features[7] < 2201) {
                      if (features[0] < 2170) {
                          if (features[15] < 2153) {
                              if (features[11] < 2004) {
                                  return 2;
                              } else {
                                  if (features[26] < 5) {
                                      return 54;
                                  } else {
                                      if (features[3] < -21) {
                                          return 0;
                                      } else {
                                          return 55;
                                      }
                                  }
                              }
                          } else {
                              if (features[36] < 106) {
                                  return 46;
                              } else {
                                  return 2;
                              }
                          }
                      } else {
                          if (features[3] < -10) {
                              return 46;
                          } else {
                              return 47;
                          }
                      }
                  } else {
                      if (features[14] < 23) {
                          if (features[30] < -14) {
                              return 1;
                          } else {
                              return 49;
                          }
                      } else {
                          return 2;
                      }
                  }
              } else {
                  return 45;
              }
          } else {
              if (features[3] < 110) {
                  if (features[4] < 2101) {
                      if (features[22] < 148) {
                          if (features[34] < 41) {
                              if (features[29] < 2292) {
                                  return 46;
                              } else {
                                  if (features[22] < -32) {
                                      return 2;
                                  } else {
                                      if (features[19] < 3050) {
                                          return 20;
                                      } else {
                                          return 52;
                                      }
                                  }
                              }
                          } else {
                              return 25;
                          }
                      } else {
                          return 18;
                      }
                  } else {
                      if (features[16] < -16) {
                          return 48;
                      } else {
                          if (features[31] < -29) {
                              if (features[15] < 2231) {
                                  if (features[28] < 34) {
                                      return 53;
                                  } else {
                                      return 17;
                                  }
                              } else {
                                  return 50;
                              }
                          } else {
                              if (features[7] < 2225) {
                                  return 3;
                              } else {
                                  return 51;
                              }
                          }
                      }
                  }
              } else {
                  return 2;
              }
          }
        }
        

static inline int32_t edgewise_tree_4(const int16_t *features, int32_t features_length) {
          if (features[15] < 2135) {
              if (features[2] < 4) {
                  if (features[12] < 2) {
                      if (features[5] < 3) {
                          return 34;
                      } else {
                          return 65;
                      }
                  } else {
                      if (features[11] < 2017) {
                          return 2;
                      } else {
                          if (features[25] < 2953) {
                              return 2;
                          } else {
                              return 66;
                          }
                      }
                  }
              } else {
                  if (features[31] < 33) {
                      if (features[4] < 2052) {
                          if (features[6] < 3) {
                              return 2;
                          } else {
                              return 57;
                          }
                      } else {
                          if (features[22] < -50) {
                              if (features[27] < -19) {
                                  return 2;
                              } else {
                                  return 58;
                              }
                          } else {
                              return 38;
                          }
                      }
                  } else {
                      if (features[15] < 2021) {
                          return 56;
                      } else {
                          return 18;
                      }
                  }
              }
          } else {
              if (features[8] < -13) {
                  return 20;
              } else {
                  if (features[16] < -34) {
                      return 35;
                  } else {
                      if (features[28] < 13) {
                          if (features[35] < -12) {
                              if (features[23] < 1898) {
                                  return 2;
                              } else {
                                  if (features[9] < -3) {
                                      return 33;
                                  } else {
                                      return 61;
                                  }
                              }
                          } else {
                              return 59;
                          }
                      } else {
                          if (features[29] < 1781) {
                              return 2;
                          } else {
                              if (features[21] < -6) {
                                  if (features[11] < 2227) {
                                      if (features[11] < 2168) {
                                          if (features[25] < 2343) {
                                              return 62;
                                          } else {
                                              return 63;
                                          }
                                      } else {
                                          if (features[22] < 14) {
                                              return 64;
                                          } else {
                                              return 13;
                                          }
                                      }
                                  } else {
                                      return 53;
                                  }
                              } else {
                                  return 60;
                              }
                          }
                      }
                  }
              }
          }
        }
        

static inline int32_t edgewise_tree_5(const int16_t *features, int32_t features_length) {
          if (features[7] < 2128) {
              if (features[13] < 24) {
                  if (features[3] < -6) {
                      if (features[19] < 2720) {
                          if (features[23] < 2312) {
                              return 75;
                          } else {
                              return 2;
                          }
                      } else {
                          return 2;
                      }
                  } else {
                      if (features[4] < 2065) {
                          if (features[17] < 1) {
                              if (features[15] < 1985) {
                                  return 2;
                              } else {
                                  if (features[11] < 2031) {
                                      return 74;
                                  } else {
                                      return 2;
                                  }
                              }
                          } else {
                              if (features[28] < 26) {
                                  if (features[26] < 5) {
                                      return 2;
                                  } else {
                                      return 72;
                                  }
                              } else {
                                  return 15;
                              }
                          }
                      } else {
                          if (features[34] < -4) {
                              return 67;
                          } else {
                              return 18;
                          }
                      }
                  }
              } else {
                  if (features[35] < 22) {
                      return 2;
                  } else {
                      return 3;
                  }
              }
          } else {
              if (features[29] < 1835) {
                  return 2;
              } else {
                  if (features[13] < -33) {
                      if (features[6] < 6) {
                          return 68;
                      } else {
                          return 69;
                      }
                  } else {
                      if (features[2] < -6) {
                          if (features[3] < -70) {
                              return 2;
                          } else {
                              if (features[23] < 2262) {
                                  return 10;
                              } else {
                                  if (features[7] < 2154) {
                                      return 2;
                                  } else {
                                      if (features[22] < -37) {
                                          return 70;
                                      } else {
                                          return 71;
                                      }
                                  }
                              }
                          }
                      } else {
                          if (features[18] < 61) {
                              if (features[34] < 22) {
                                  if (features[11] < 2146) {
                                      return 73;
                                  } else {
                                      return 23;
                                  }
                              } else {
                                  return 3;
                              }
                          } else {
                              return 50;
                          }
                      }
                  }
              }
          }
        }
        

static inline int32_t edgewise_tree_6(const int16_t *features, int32_t features_length) {
          if (features[17] < 5) {
              if (features[11] < 2176) {
                  if (features[0] < 2148) {
                      if (features[15] < 2107) {
                          if (features[28] < 28) {
                              if (features[15] < 2006) {
                                  return 2;
                              } else {
                                  return 87;
                              }
                          } else {
                              if (features[6] < 1) {
                                  return 0;
                              } else {
                                  return 88;
                              }
                          }
                      } else {
                          if (features[23] < 2609) {
                              if (features[7] < 2124) {
                                  return 2;
                              } else {
                                  if (features[25] < 2482) {
                                      return 85;
                                  } else {
                                      return 2;
                                  }
                              }
                          } else {
                              return 84;
                          }
                      }
                  } else {
                      if (features[23] < 2260) {
                          return 77;
                      } else {
                          return 78;
                      }
                  }
              } else {
                  if (features[17] < -40) {
                      if (features[21] < 17) {
                          return 79;
                      } else {
                          return 80;
                      }
                  } else {
                      if (features[2] < -8) {
                          if (features[12] < -9) {
                              return 86;
                          } else {
                              return 81;
                          }
                      } else {
                          return 81;
                      }
                  }
              }
          } else {
              if (features[31] < 17) {
                  if (features[15] < 2024) {
                      return 2;
                  } else {
                      if (features[3] < 141) {
                          if (features[3] < 31) {
                              if (features[3] < -9) {
                                  return 2;
                              } else {
                                  return 63;
                              }
                          } else {
                              if (features[22] < -34) {
                                  if (features[27] < -17) {
                                      return 82;
                                  } else {
                                      return 83;
                                  }
                              } else {
                                  if (features[11] < 2177) {
                                      return 25;
                                  } else {
                                      return 77;
                                  }
                              }
                          }
                      } else {
                          return 2;
                      }
                  }
              } else {
                  if (features[4] < 1982) {
                      return 76;
                  } else {
                      return 18;
                  }
              }
          }
        }
        

static inline int32_t edgewise_tree_7(const int16_t *features, int32_t features_length) {
          if (features[7] < 2052) {
              if (features[30] < 36) {
                  if (features[3] < 15) {
                      if (features[22] < -2) {
                          return 54;
                      } else {
                          if (features[15] < 2011) {
                              return 0;
                          } else {
                              if (features[36] < 18) {
                                  return 2;
                              } else {
                                  return 98;
                              }
                          }
                      }
                  } else {
                      return 90;
                  }
              } else {
                  if (features[6] < 5) {
                      return 91;
                  } else {
                      return 77;
                  }
              }
          } else {
              if (features[2] < -21) {
                  if (features[17] < -49) {
                      if (features[27] < -17) {
                          return 58;
                      } else {
                          return 2;
                      }
                  } else {
                      return 89;
                  }
              } else {
                  if (features[22] < 73) {
                      if (features[0] < 2184) {
                          if (features[33] < 2319) {
                              if (features[4] < 2157) {
                                  if (features[16] < 18) {
                                      if (features[2] < -7) {
                                          if (features[26] < 1) {
                                              return 89;
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          if (features[25] < 1953) {
                                              return 96;
                                          } else {
                                              return 97;
                                          }
                                      }
                                  } else {
                                      return 93;
                                  }
                              } else {
                                  return 92;
                              }
                          } else {
                              if (features[36] < 60) {
                                  return 2;
                              } else {
                                  if (features[3] < 4) {
                                      return 2;
                                  } else {
                                      return 94;
                                  }
                              }
                          }
                      } else {
                          if (features[0] < 2264) {
                              if (features[28] < 33) {
                                  if (features[14] < 21) {
                                      return 56;
                                  } else {
                                      return 95;
                                  }
                              } else {
                                  return 81;
                              }
                          } else {
                              if (features[29] < 1760) {
                                  return 2;
                              } else {
                                  return 12;
                              }
                          }
                      }
                  } else {
                      return 25;
                  }
              }
          }
        }
        

static inline int32_t edgewise_tree_8(const int16_t *features, int32_t features_length) {
          if (features[4] < 2109) {
              if (features[17] < 43) {
                  if (features[31] < 62) {
                      if (features[20] < 18) {
                          if (features[11] < 2069) {
                              if (features[19] < 3326) {
                                  return 0;
                              } else {
                                  return 104;
                              }
                          } else {
                              if (features[34] < -21) {
                                  if (features[11] < 2077) {
                                      return 35;
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  if (features[12] < -2) {
                                      return 2;
                                  } else {
                                      return 105;
                                  }
                              }
                          }
                      } else {
                          return 37;
                      }
                  } else {
                      if (features[20] < 22) {
                          if (features[11] < 2019) {
                              return 2;
                          } else {
                              return 100;
                          }
                      } else {
                          return 51;
                      }
                  }
              } else {
                  if (features[22] < 10) {
                      return 2;
                  } else {
                      return 18;
                  }
              }
          } else {
              if (features[19] < 1918) {
                  if (features[29] < 1783) {
                      return 2;
                  } else {
                      return 83;
                  }
              } else {
                  if (features[3] < 7) {
                      if (features[7] < 2213) {
                          if (features[29] < 2636) {
                              if (features[15] < 2133) {
                                  return 2;
                              } else {
                                  if (features[25] < 2241) {
                                      if (features[0] < 2166) {
                                          return 12;
                                      } else {
                                          return 102;
                                      }
                                  } else {
                                      return 101;
                                  }
                              }
                          } else {
                              return 2;
                          }
                      } else {
                          if (features[36] < 84) {
                              return 99;
                          } else {
                              return 18;
                          }
                      }
                  } else {
                      if (features[11] < 2241) {
                          if (features[34] < -29) {
                              return 103;
                          } else {
                              if (features[16] < -1) {
                                  return 1;
                              } else {
                                  return 3;
                              }
                          }
                      } else {
                          return 8;
                      }
                  }
              }
          }
        }
        

static inline int32_t edgewise_tree_9(const int16_t *features, int32_t features_length) {
          if (features[11] < 2078) {
              if (features[12] < 14) {
                  if (features[24] < 8) {
                      return 106;
                  } else {
                      if (features[28] < 34) {
                          if (features[26] < 10) {
                              return 2;
                          } else {
                              return 42;
                          }
                      } else {
                          return 111;
                      }
                  }
              } else {
                  if (features[26] < 6) {
                      return 101;
                  } else {
                      return 25;
                  }
              }
          } else {
              if (features[36] < 74) {
                  if (features[17] < -24) {
                      if (features[3] < -10) {
                          if (features[19] < 2681) {
                              return 112;
                          } else {
                              return 2;
                          }
                      } else {
                          return 108;
                      }
                  } else {
                      if (features[29] < 1926) {
                          return 109;
                      } else {
                          if (features[15] < 2174) {
                              if (features[3] < -8) {
                                  return 2;
                              } else {
                                  if (features[17] < 2) {
                                      return 110;
                                  } else {
                                      return 60;
                                  }
                              }
                          } else {
                              return 23;
                          }
                      }
                  }
              } else {
                  if (features[9] < -19) {
                      return 95;
                  } else {
                      if (features[16] < -31) {
                          return 2;
                      } else {
                          if (features[13] < 40) {
                              if (features[35] < -186) {
                                  return 113;
                              } else {
                                  if (features[2] < -2) {
                                      if (features[2] < -11) {
                                          return 97;
                                      } else {
                                          if (features[7] < 2186) {
                                              return 114;
                                          } else {
                                              return 102;
                                          }
                                      }
                                  } else {
                                      if (features[34] < 22) {
                                          if (features[21] < -30) {
                                              if (features[25] < 2203) {
                                                  return 115;
                                              } else {
                                                  return 77;
                                              }
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          return 3;
                                      }
                                  }
                              }
                          } else {
                              return 107;
                          }
                      }
                  }
              }
          }
        }
        

static const uint8_t edgewise_leaves[232] = { 252, 2, 12, 242, 255, 0, 1, 253, 188, 66, 109, 145, 38, 216, 126, 128, 42, 212, 111, 143, 18, 236, 79, 175, 117, 137, 11, 243, 157, 97, 81, 173, 164, 90, 7, 247, 0, 255, 183, 71, 235, 19, 195, 59, 52, 202, 6, 248, 13, 241, 2, 252, 70, 184, 222, 32, 182, 72, 184, 70, 110, 144, 174, 80, 200, 54, 192, 62, 250, 4, 243, 11, 128, 126, 96, 158, 15, 239, 197, 57, 76, 178, 115, 139, 199, 55, 106, 148, 244, 10, 53, 201, 120, 134, 9, 245, 149, 105, 64, 190, 35, 219, 44, 210, 198, 56, 22, 232, 253, 1, 154, 100, 28, 226, 240, 14, 224, 30, 48, 206, 4, 250, 55, 199, 31, 223, 95, 159, 56, 198, 230, 24, 171, 83, 99, 155, 159, 95, 238, 16, 29, 225, 67, 187, 228, 26, 43, 211, 218, 36, 247, 7, 144, 110, 24, 230, 135, 119, 245, 9, 201, 53, 5, 249, 204, 50, 166, 88, 85, 169, 150, 104, 87, 167, 248, 6, 163, 91, 196, 58, 211, 43, 138, 116, 10, 244, 45, 209, 83, 171, 234, 20, 213, 41, 82, 172, 209, 45, 123, 131, 153, 101, 214, 40, 3, 251, 21, 233, 236, 18, 148, 106, 246, 8, 71, 183, 132, 122, 217, 37, 66, 188, 121, 133, 181, 73, 84, 170, 51, 203, 59, 195 };

int32_t edgewise_predict(const int16_t *features, int32_t features_length) {

        float out[2] = {0.0f,};

        int offset = 0;

        offset = 2*edgewise_tree_0(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]/255.0f); }
        
    offset = 2*edgewise_tree_1(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]/255.0f); }
        
    offset = 2*edgewise_tree_2(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]/255.0f); }
        
    offset = 2*edgewise_tree_3(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]/255.0f); }
        
    offset = 2*edgewise_tree_4(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]/255.0f); }
        
    offset = 2*edgewise_tree_5(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]/255.0f); }
        
    offset = 2*edgewise_tree_6(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]/255.0f); }
        
    offset = 2*edgewise_tree_7(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]/255.0f); }
        
    offset = 2*edgewise_tree_8(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]/255.0f); }
        
    offset = 2*edgewise_tree_9(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]/255.0f); }
        
    
        // argmax over probabilities
        int32_t most_voted_class = -1;
        float most_voted_proba = 0.0f;
        for (int32_t i=0; i<2; i++) {

            if (out[i] > most_voted_proba) {
                most_voted_class = i;
                most_voted_proba = out[i];
            }
        }
        return most_voted_class;
    }
    

int edgewise_predict_proba(const int16_t *features, int32_t features_length, float *out, int out_length) {

        int offset = 0;

        for (int i=0; i<out_length; i++) {
            out[i] = 0.0f;
        }

        offset = 2*edgewise_tree_0(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]/255.0f); }
        
    offset = 2*edgewise_tree_1(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]/255.0f); }
        
    offset = 2*edgewise_tree_2(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]/255.0f); }
        
    offset = 2*edgewise_tree_3(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]/255.0f); }
        
    offset = 2*edgewise_tree_4(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]/255.0f); }
        
    offset = 2*edgewise_tree_5(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]/255.0f); }
        
    offset = 2*edgewise_tree_6(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]/255.0f); }
        
    offset = 2*edgewise_tree_7(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]/255.0f); }
        
    offset = 2*edgewise_tree_8(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]/255.0f); }
        
    offset = 2*edgewise_tree_9(features, features_length);
            for (int i=0; i<2; i++) { out[i] += (edgewise_leaves[offset+i]/255.0f); }
        
    
        // compute mean
        for (int i=0; i<out_length; i++) {
            out[i] = out[i] / 10;
        }
        return 0;
    }
    